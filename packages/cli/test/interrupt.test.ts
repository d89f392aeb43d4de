// Runs that end before their end: by Ctrl-C once and twice, and by the death of the parent.

import type { RunResult } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { isAlive, workersOf } from "./support/processes.ts";
import { type Cli, type Exit, lastJson, runCli, startCli } from "./support/run-cli.ts";
import { eventsIn, resultIn } from "./support/run-files.ts";
import { temporaryFolder } from "./support/temporary.ts";
import { until } from "./support/until.ts";

const folder = temporaryFolder();
const module = "packages/cli/test/fixtures/circles/experiment.ts";
/** Longer than any test; a phase that begins with it does not end by itself. */
const forever = "1000000";

interface Running {
  run: string;
  cli: Cli;
  workers: number[];
}

/** Trains one short phase, then an endless one of the kind, and returns from the midst of that. */
async function inPhase(kind: "shared" | "head"): Promise<Running> {
  const run = folder(`${kind}-${Math.random()}`);
  const [shared, head, first] =
    kind === "shared" ? [forever, "1", "head"] : ["1", forever, "shared"];
  const lengths = ["--shared-epochs", shared, "--head-epochs", head, "--epochs", forever];
  const terms = ["--set", `schedule.first=${first}`, "--backend", "cpu", "--out", run];
  const cli = startCli("train", module, ...lengths, ...terms, "--json");
  await cli.seen(/Coordinator at/);
  const moved = kind === "shared" ? "step" : "headProgress";
  await until(`a step of the ${kind} phase`, () =>
    eventsIn(run).some((event) => event.type === moved && event.phase === 1),
  );
  return { run, cli, workers: workersOf(cli.pid) };
}

async function expectStopped({ run, workers }: Running, exit: Exit): Promise<void> {
  expect(exit).toMatchObject({ status: 130, signal: null });
  const result = lastJson<RunResult>(exit);
  expect(result).toMatchObject({ status: "stopped", epochs: 1 });
  expect(resultIn(run)).toEqual(result);
  expect(workers).toHaveLength(2);
  expect(workers.filter(isAlive)).toEqual([]);
  const { tasks } = lastJson<RunResult>(await runCli("evaluate", run, "--json"));
  expect(tasks).toEqual(result.tasks);
}

describe.skipIf(process.platform !== "linux").concurrent("a run that is interrupted", () => {
  test("in a shared phase, as a terminal does it, ends at the last edge", async () => {
    const running = await inPhase("shared");
    running.cli.signalGroup("SIGINT");
    await expectStopped(running, await running.cli.exit);
  });

  test("in a head phase, as a service manager does it, ends at the last edge", async () => {
    const running = await inPhase("head");
    running.cli.signalGroup("SIGTERM");
    await expectStopped(running, await running.cli.exit);
  });

  test("twice ends at once, even where workers hang", async () => {
    const { cli, workers } = await inPhase("head");
    for (const pid of workers) process.kill(pid, "SIGSTOP");
    cli.signal("SIGINT");
    await cli.seen(/Ctrl-C again/);
    // Copies of one Ctrl-C come close together and count once.
    await until("a second Ctrl-C counts", () => {
      cli.signal("SIGINT");
      return !isAlive(cli.pid);
    });
    expect(await cli.exit).toMatchObject({ status: 130, stdout: "" });
    await until("the workers are gone", () => !workers.some(isAlive));
  });

  test("by the death of the parent leaves no worker behind", async () => {
    const { cli, workers } = await inPhase("shared");
    cli.signal("SIGKILL");
    expect((await cli.exit).signal).toBe("SIGKILL");
    expect(workers).toHaveLength(2);
    await until("the workers are gone", () => !workers.some(isAlive));
  });
});
