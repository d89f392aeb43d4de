// Brings in what the lock file names, with nothing but Node and npm at hand, and gets out of the way
// when it is all there: a stamp in node_modules holds the hash of what was installed. It speaks on
// stderr only, so that stdout stays the command's own; pnpm's own output is shown where it fails.

import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./install-lock.mjs";
import { pnpm } from "./pnpm.mjs";
import { InstallError } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".trunkline-installed");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Makes the dependencies present. The answer is an exit status: 0, or 1 with the reason told. */
export async function bootstrap() {
  try {
    checkNode();
    if (!installed()) await withLock(() => installed() || install());
    return 0;
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    process.stderr.write(`\n${error.message}\n${error.remedy}\n`);
    return 1;
  }
}

function checkNode() {
  const wanted = manifest.engines.node.replace(">=", "").split(".").map(Number);
  const found = process.versions.node.split(".").map(Number);
  if (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) return;
  throw new InstallError(
    `Node should be ${manifest.engines.node}. Found ${process.versions.node}.`,
    "Install a newer Node and run the command again.",
  );
}

/** What an installation depends on: the lock, how it is applied, and for which machine. */
function wantedStamp() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) {
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function installed() {
  try {
    return readFileSync(stamp, "utf8") === wantedStamp();
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

async function install() {
  const startedMs = performance.now();
  process.stderr.write("Installing dependencies, about half a minute …\n");
  rmSync(stamp, { force: true });
  // Without a terminal pnpm would otherwise refuse to replace a node_modules made by another tool.
  await pnpm(["install", "--frozen-lockfile", "--config.confirmModulesPurge=false"]);
  writeFileSync(stamp, wantedStamp());
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  process.stderr.write(`Installed dependencies in ${seconds} s\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await bootstrap();
