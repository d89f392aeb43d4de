// Runs a program of the installation and keeps its output back unless it fails.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** `npm run -s` hands its silence down to every npm and pnpm below, errors included; we want them told. */
export const spoken = { ...process.env, npm_config_loglevel: "info" };

/** A failure that the person at the prompt can do something about. */
export class InstallError extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Runs to the end; throws an InstallError with the output told where the exit status is not 0. */
export async function run(command, args) {
  const child = spawn(command, args, {
    cwd: root,
    env: spoken,
    shell: process.platform === "win32",
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, "close").catch((error) => [error.message]);
  if (code === 0) return;
  process.stderr.write(output);
  const reason = signal ?? (Number.isInteger(code) ? `exit status ${code}` : code);
  throw new InstallError(`\`${[command, ...args].join(" ")}\` failed: ${reason}.`, remedy(output));
}

function remedy(output) {
  if (/ENOSPC/.test(output)) return "Free some disk space and run the command again.";
  if (/OUTDATED_LOCKFILE/.test(output)) {
    return "A package.json changed without the lock file: run `node scripts/pnpm.mjs install` and commit the lock file.";
  }
  if (/ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|FETCH/.test(output)) {
    return "The package registry did not answer: check the network, the proxy and npm's `registry` setting.";
  }
  return "Read the output above; if node_modules is damaged, delete it and run the command again.";
}
