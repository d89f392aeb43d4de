import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BatchPlanOptions, createBatchPlan, stepsPerEpoch } from "./epoch-plan.ts";

const sizes = fc.integer({ min: 1, max: 120 });
const sorted = (indices: Iterable<number>) => [...indices].sort((a, b) => a - b);
const upTo = (length: number) => Array.from({ length }, (_, i) => i);

describe("batches of an epoch", () => {
  test("hold each sample of the largest task exactly once", () => {
    fc.assert(
      fc.property(sizes, sizes, fc.nat(), fc.nat(9), (size, batchSize, seed, epoch) => {
        const plan = createBatchPlan({ size, batchSize, seed });
        const batches = upTo(stepsPerEpoch(size, batchSize)).map((step) => [
          ...plan.indices(epoch, step),
        ]);
        expect(sorted(batches.flat())).toEqual(upTo(size));
        for (const batch of batches.slice(0, -1)) expect(batch.length).toBe(batchSize);
      }),
    );
  });

  test("of a smaller task go through whole permutations, another one each time", () => {
    const options = { size: 25, batchSize: 10, seed: 1, task: "small" };
    const plan = createBatchPlan(options);
    // A largest task of 90 samples makes 9 steps: three passes of three steps.
    const batches = upTo(stepsPerEpoch(90, 10)).map((step) => plan.indices(0, step));
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5, 10, 10, 5, 10, 10, 5]);
    const passes = [0, 3, 6].map((first) =>
      batches.slice(first, first + 3).flatMap((batch) => [...batch]),
    );
    for (const pass of passes) expect(sorted(pass)).toEqual(upTo(25));
    expect(new Set(passes.map((pass) => pass.join())).size).toBe(3);
  });

  test("are the same in whatever order they are asked for", () => {
    const options = { size: 40, batchSize: 7, seed: 3, task: "left", stream: "heads" };
    const plan = createBatchPlan(options);
    const questions = fc.array(fc.tuple(fc.nat(4), fc.nat(20)), { maxLength: 10 });
    fc.assert(
      fc.property(questions, (asked) => {
        for (const [epoch, step] of asked) {
          expect(plan.indices(epoch, step)).toEqual(createBatchPlan(options).indices(epoch, step));
        }
      }),
    );
  });

  test("differ between seeds, tasks, streams and epochs", () => {
    const base: BatchPlanOptions & { epoch: number; step: number } = {
      size: 100,
      batchSize: 100,
      seed: 1,
      task: "left",
      epoch: 0,
      step: 0,
    };
    const { task: _, ...shared } = base;
    const others = [
      base,
      shared,
      { ...base, seed: 2 },
      { ...base, task: "right" },
      { ...base, stream: "heads" },
      { ...base, epoch: 1 },
    ];
    const firstBatch = ({ epoch, step, ...options }: typeof base) =>
      createBatchPlan(options).indices(epoch, step);
    expect(new Set(others.map((options) => firstBatch(options).join())).size).toBe(6);
  });

  test("are the caller's own", () => {
    const plan = createBatchPlan({ size: 10, batchSize: 5, seed: 1 });
    const before = [...plan.indices(0, 0)];
    plan.indices(0, 0).fill(99);
    expect([...plan.indices(0, 0)]).toEqual(before);
  });
});

test("the last partial batch is a step", () => {
  expect([stepsPerEpoch(10, 5), stepsPerEpoch(11, 5), stepsPerEpoch(3, 5)]).toEqual([2, 3, 1]);
});
