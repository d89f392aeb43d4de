import type { PhaseRecord, RunResult } from "@trunkline/core";
import { expect, test } from "vitest";
import { bytes, duration, score, whole } from "./format.ts";
import { resultTable } from "./result-table.ts";

const hash = (digit: string) => digit.repeat(64);

function record(kind: PhaseRecord["kind"], seconds: number): PhaseRecord {
  return {
    kind,
    firstEpoch: kind === "shared" ? 0 : 2,
    epochs: 2,
    seconds,
    peakBytes: 2_500_000,
    bytes: {
      sent: 1_000_000,
      received: 500,
      byKind: { trunk: 0, gradients: 0, heads: 0, optimizer: 0, control: 0, heartbeat: 0 },
    },
    waits: { gradients: 0.5, heads: 0.25 },
  };
}

const result: RunResult = {
  run: "r",
  experiment: "digits",
  seed: 7,
  backend: "wasm",
  workers: 2,
  schedule: "ate-sg",
  method: "ew",
  layout: "tasks",
  shards: 2,
  epochs: 6,
  seconds: 75.2,
  bits: "equal",
  status: "finished",
  split: "test",
  tasks: {
    left: { loss: 0.25, metrics: { accuracy: 0.975 } },
    right: { loss: 0.00012345, metrics: { mae: 12345.6 } },
  },
  updates: { trunk: 2000, heads: { left: 1000, right: 1000 } },
  phases: [record("shared", 60), record("head", 10), record("shared", 4.25)],
  hashes: { trunk: hash("a"), heads: { left: hash("b"), right: hash("c") }, optimizer: hash("d") },
};

test("the table shows tasks, phases by kind, and every hash whole", () => {
  expect(resultTable(result, "/tmp/r").split("\n")).toEqual([
    "digits, seed 7: finished after 6 epochs and 1 min 15 s; 2 workers (wasm), 2 shards, ate-sg, ew, layout tasks",
    "",
    "task (test)      loss  accuracy       mae  updates",
    "left           0.2500    0.9750              1,000",
    "right        1.234e-4            1.235e+4    1,000",
    "trunk                                        2,000",
    "",
    "phases  number  epochs        time  waited     sent  received  peak memory",
    "shared       2       4  1 min 04 s   1.5 s  2.00 MB   1.00 kB      2.50 MB",
    "head         1       2        10 s   0.8 s  1.00 MB     500 B      2.50 MB",
    "all          3       6  1 min 14 s   2.3 s  3.00 MB   1.50 kB      2.50 MB",
    "",
    "sha-256 of  bits: equal in every run of this experiment, however many workers",
    `trunk       ${hash("a")}`,
    `head left   ${hash("b")}`,
    `head right  ${hash("c")}`,
    `optimizer   ${hash("d")}`,
    "",
    "run folder  /tmp/r",
  ]);
});

test("mixed workers promise nothing, and the table says so", () => {
  expect(resultTable({ ...result, bits: "not promised" }, "/tmp/r")).toContain(
    "bits: not promised",
  );
});

test("numbers read naturally at every size", () => {
  expect([0, 9.94, 9.96, 59.6, 61, 3599, 3661, 7500].map(duration)).toEqual([
    "0.0 s",
    "9.9 s",
    "10 s",
    "1 min 00 s",
    "1 min 01 s",
    "59 min 59 s",
    "1 h 01 min",
    "2 h 05 min",
  ]);
  expect([0, 999, 1000, 12_345, 999_400, 999_600, 2.5e9].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.00 kB",
    "12.3 kB",
    "999 kB",
    "1.00 MB",
    "2.50 GB",
  ]);
  expect([0, 0.5, 0.0004, -20_000, Number.NaN].map(score)).toEqual([
    "0.0000",
    "0.5000",
    "4.000e-4",
    "-2.000e+4",
    "NaN",
  ]);
  expect([0, 999, 1000, 1234567].map(whole)).toEqual(["0", "999", "1,000", "1,234,567"]);
});
