import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ateSg, ateSgSchedule } from "./ate-sg.ts";
import { scheduleOf, scheduleSchema } from "./registry.ts";
import { satSg } from "./sat-sg.ts";
import { phasesOf } from "./schedule.ts";
import { sg } from "./sg.ts";

const kindsAndEpochs = (spec: Parameters<typeof scheduleOf>[0], epochs: number) =>
  phasesOf(scheduleOf(spec), epochs).map((phase) => [phase.kind, phase.firstEpoch, phase.epochs]);

describe("phases of a run", () => {
  test("ateSg alternates, shared phase first", () => {
    expect(kindsAndEpochs(ateSg({ sharedEpochs: 2, headEpochs: 3 }), 10)).toEqual([
      ["shared", 0, 2],
      ["head", 2, 3],
      ["shared", 5, 2],
      ["head", 7, 3],
    ]);
  });

  test("the last phase is cut where T is not a multiple of the cycle", () => {
    expect(kindsAndEpochs(ateSg({ sharedEpochs: 10, headEpochs: 10 }), 3)).toEqual([
      ["shared", 0, 3],
    ]);
    expect(kindsAndEpochs(ateSg({ sharedEpochs: 4, headEpochs: 3 }), 6).at(-1)).toEqual([
      "head",
      4,
      2,
    ]);
  });

  test("head phases can come first", () => {
    expect(kindsAndEpochs(ateSg({ first: "head" }), 2)[0]).toEqual(["head", 0, 1]);
  });

  test.each([sg(), satSg()])("$kind has joint phases of one epoch each", (spec) => {
    expect(kindsAndEpochs(spec, 2)).toEqual([
      ["joint", 0, 1],
      ["joint", 1, 1],
    ]);
  });

  test("a run of T epochs is exactly T epochs, without gap or overlap", () => {
    const length = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(length, length, fc.integer({ min: 1, max: 60 }), (shared, head, total) => {
        const spec = ateSg({ sharedEpochs: shared, headEpochs: head });
        let next = 0;
        for (const phase of phasesOf(ateSgSchedule(spec), total)) {
          expect(phase.firstEpoch).toBe(next);
          next += phase.epochs;
        }
        expect(next).toBe(total);
      }),
    );
  });
});

test("satSg draws a fresh batch for the heads unless told otherwise", () => {
  expect(scheduleOf(satSg()).joint?.headStream).not.toBe("");
  expect(scheduleOf(satSg({ sameBatch: true })).joint?.headStream).toBe("");
});

test("the schema fills defaults and refuses empty phases", () => {
  expect(scheduleSchema.parse({ kind: "ateSg" })).toEqual(ateSg());
  expect(scheduleSchema.safeParse({ kind: "ateSg", sharedEpochs: 0 }).success).toBe(false);
});
