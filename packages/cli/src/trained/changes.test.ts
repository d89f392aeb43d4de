import type { PreparedExperiment } from "@trunkline/core";
import { expect, test } from "vitest";
import type { ReadyExperiment } from "../ready.ts";
import { changeSince } from "./changes.ts";
import type { RunRecord } from "./run-record.ts";

const record: RunRecord = {
  name: "two",
  options: { width: 4 },
  overrides: { set: {} },
  settings: { tasks: { left: { loss: "huber" } }, batchSize: 16, seed: 1 },
  module: "/experiments/two.ts",
  hash: "a",
  sources: [
    { path: "points.ts", hash: "1" },
    { path: "two.ts", hash: "2" },
  ],
};

/** The experiment as the module gives it today. */
function today(settings: object, sources: ReadyExperiment["sources"], hash = "b"): ReadyExperiment {
  const { name, options, overrides } = record;
  const prepared = {
    ...{ name, options, overrides },
    settings: { ...record.settings, clip: undefined, ...settings },
  } as unknown as PreparedExperiment;
  const none = async () => {};
  return { prepared, hash, sources, closeFiles: none, dispose: none };
}

test("equal hashes leave nothing to look for", () => {
  expect(changeSince(record, today({ seed: 2 }, [], "a"))).toBeUndefined();
});

test("fields that resolve otherwise are named first, then files, then the data", () => {
  const other = [{ path: "two.ts", hash: "3" }];
  expect(changeSince(record, today({ batchSize: 8, seed: 2 }, other))).toBe(
    "it resolves to another settings.batchSize, settings.seed",
  );
  expect(changeSince(record, today({}, other))).toBe("points.ts, two.ts changed since");
  expect(changeSince(record, today({}, record.sources))).toBe("its data changed since");
});
