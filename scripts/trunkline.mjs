// Starts a program of this checkout from its sources, dependencies installed first: the command line,
// or with `--bench` in front the benchmarks. Stays until the child is gone and passes on its exit
// status, so that nothing is left running behind a prompt.
//
// One script does all this, and package.json starts it with `exec`, because npm passes signals to its
// direct child only: a shell between the two would keep them to itself.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { bootstrap } from "./bootstrap.mjs";

const args = process.argv.slice(2);
const program = args[0] === "--bench" ? "../bench/main.ts" : "../packages/cli/src/main.ts";
if (args[0] === "--bench") args.shift();

process.exitCode = await bootstrap();
if (process.exitCode === 0) start(fileURLToPath(new URL(program, import.meta.url)));

function start(main) {
  const flags = ["--conditions=@trunkline/source", "--import", import.meta.resolve("tsx")];
  const child = spawn(process.execPath, [...flags, main, ...args], { stdio: "inherit" });

  // A terminal sends Ctrl-C to the whole process group, child included; without one (a supervisor, a
  // script) it is sent to this process alone and has to be passed on.
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));

  child.on("error", (error) => {
    process.stderr.write(`Cannot start ${process.execPath}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    // As a shell reports a child that a signal ended.
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}
