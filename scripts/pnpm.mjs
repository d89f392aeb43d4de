// Exactly the pnpm that package.json names: the one on PATH if it is that, else one that npm brings into
// .tools. Any other version is left alone, since pnpm and corepack would go and download by themselves.
//
//   node scripts/pnpm.mjs ARGS...    runs it

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run, spoken } from "./run.mjs";

const shell = process.platform === "win32";

/** Runs pnpm quietly; throws an InstallError where it fails. */
export async function pnpm(args) {
  const [command, ...first] = await findPnpm();
  await run(command, [...first, ...args]);
}

async function findPnpm() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = manifest.packageManager.split("@")[1];
  if (versionOf(["pnpm"]) === version) return ["pnpm"];
  const folder = join(root, ".tools", "pnpm");
  const local = [process.execPath, join(folder, "node_modules", "pnpm", "bin", "pnpm.cjs")];
  if (versionOf(local) === version) return local;
  const flags = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", "--prefix", folder, ...flags, `pnpm@${version}`]);
  return local;
}

/** Asked outside the repository, where neither pnpm nor corepack has a reason to fetch another. */
function versionOf([command, ...first]) {
  const env = { ...process.env, COREPACK_ENABLE_NETWORK: "0" };
  const args = [...first, "--version"];
  const asked = spawnSync(command, args, { cwd: tmpdir(), encoding: "utf8", env, shell });
  return asked.status === 0 ? asked.stdout.trim() : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, ...first] = await findPnpm();
  const args = [...first, ...process.argv.slice(2)];
  const ran = spawnSync(command, args, { env: spoken, shell, stdio: "inherit" });
  process.exitCode = ran.status ?? 1;
}
