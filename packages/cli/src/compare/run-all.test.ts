// Which runs are run, and what becomes of them. The runs themselves are stand-ins that write a run folder;
// whole comparisons over real processes are tested elsewhere.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunError } from "@trunkline/core";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { LocalRunOptions } from "../host/local-run.ts";
import type { PlannedRun } from "./plan.ts";
import { type Outcome, runAll } from "./run-all.ts";

const experiment = vi.hoisted(() => ({ hash: "h", trained: [] as string[] }));

vi.mock("../ready.ts", () => ({
  readyExperiment: async () => ({ hash: experiment.hash, dispose: async () => {} }),
}));
vi.mock("../host/local-run.ts", () => ({ localRun: (options: LocalRunOptions) => train(options) }));
vi.mock("../print-error.ts", () => ({ printError() {}, printThrown() {} }));

const root = mkdtempSync(join(tmpdir(), "trunkline-compare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function train({ overrides, out, consumers, listening }: LocalRunOptions) {
  const { method } = overrides.set;
  experiment.trained.push(method!);
  mkdirSync(out!);
  listening({ url: "", folder: out! });
  if (method === "thrown") throw new RunError("run/timeout", "Nobody came.", { remedy: "" });
  if (method === "interrupted") process.emit("SIGINT");
  const status = { failed: "failed", interrupted: "stopped" }[method!] ?? "finished";
  const failure = {
    type: "runFailed",
    code: "run/not-finite",
    message: "NaN.",
    remedy: "",
  } as const;
  if (status === "failed") {
    for (const show of consumers) show({ ...failure, sequence: 0, timeMs: 0 });
  }
  const reports = [0.25, 0.75].map((conflicting) => ({ type: "balance", conflicting }));
  write(out!, "events.jsonl", ...reports, { type: "balance" }, { type: "runEnded" });
  write(out!, "experiment.json", { hash: experiment.hash });
  write(out!, "result.json", { status });
  return { result: { status }, folder: out! };
}

function write(folder: string, name: string, ...lines: object[]): void {
  writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const planned = (method: string, changes: Partial<PlannedRun> = {}): PlannedRun => ({
  kind: "method",
  name: method,
  seed: 0,
  folder: method,
  overrides: { set: { method } },
  workers: 1,
  ...changes,
});

let out: string;
const said: string[] = [];
beforeEach(() => {
  out = mkdtempSync(join(root, "out-"));
  experiment.hash = "h";
  experiment.trained.length = 0;
  said.length = 0;
});

const run = (plan: PlannedRun[], backend: "cpu" | "wasm" = "cpu") =>
  runAll(plan, { experiment: "e.ts", backend, out, say: (line) => said.push(line) });

const kindOf = (outcome: Outcome) => ("failure" in outcome ? outcome.failure : outcome.conflicts);

test("what fails is noted, and the rest goes on", async () => {
  const outcomes = await run(["thrown", "failed", "ew"].map((method) => planned(method)));
  expect(outcomes!.map(kindOf)).toMatchObject([
    { code: "run/timeout", message: "Nobody came." },
    { code: "run/not-finite", message: "NaN." },
    0.5,
  ]);
});

test("Ctrl-C ends it after the run that was under way, and leaves no handler behind", async () => {
  const plan = ["ew", "interrupted", "uw"].map((method) => planned(method));
  expect(await run(plan)).toBeUndefined();
  expect(experiment.trained).toEqual(["ew", "interrupted"]);
  expect(process.listenerCount("SIGINT")).toBe(0);
});

describe("a second comparison", () => {
  /** The methods that it trains, after a first one of `before`. */
  async function again(before: PlannedRun[], after: PlannedRun[], backend?: "wasm") {
    await run(before);
    experiment.trained.length = 0;
    const outcomes = await run(after, backend);
    return { trained: [...experiment.trained], outcomes: outcomes! };
  }

  test("runs nothing that is there already", async () => {
    const { trained, outcomes } = await again([planned("ew")], [planned("ew"), planned("uw")]);
    expect(trained).toEqual(["uw"]);
    expect(outcomes.map(({ cached }) => cached)).toEqual([true, false]);
    expect(kindOf(outcomes[0]!)).toBe(0.5);
    expect(said.at(-2)).toBe("[1 of 2] ew, seed 0: cached");
  });

  test.each<[string, Partial<PlannedRun>]>([
    ["other options", { overrides: { set: { method: "ew", epochs: "3" } } }],
    ["another number of workers", { workers: 2 }],
  ])("runs again with %s", async (_, changes) => {
    const { trained } = await again([planned("ew")], [planned("ew", changes)]);
    expect(trained).toEqual(["ew"]);
  });

  test("runs again on another backend", async () => {
    expect((await again([planned("ew")], [planned("ew")], "wasm")).trained).toEqual(["ew"]);
  });

  test("runs again where module or data changed", async () => {
    await run([planned("ew")]);
    experiment.hash = "other";
    await run([planned("ew")]);
    expect(experiment.trained).toEqual(["ew", "ew"]);
  });

  test("runs what failed again", async () => {
    expect((await again([planned("failed")], [planned("failed")])).trained).toEqual(["failed"]);
  });
});

test("a folder with something else in it is left alone", async () => {
  mkdirSync(join(out, "ew"));
  write(join(out, "ew"), "thesis.txt");
  const [outcome] = (await run([planned("ew")]))!;
  expect(outcome).toMatchObject({ failure: { code: "fault" } });
  expect(existsSync(join(out, "ew", "thesis.txt"))).toBe(true);
});
