// `docs/schedules.md` against the code: phases, batch sizes, defaults; and its costs against themselves.

import {
  ateSg,
  createBatchPlan,
  phasesOf,
  satSg,
  scheduleNames,
  scheduleOf,
  sg,
  stepsPerEpoch,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { page, quoted, rows, section } from "./markdown.ts";

const text = page("schedules");

describe("the table of what moves when", () => {
  const table = rows(section(text, "## What moves when"));

  test("has every schedule, under its name on the command line too", () => {
    const named = table.map(([call]) => quoted(call!)[0]!.split("(")[0]);
    expect([...new Set(named)]).toEqual(Object.keys(scheduleNames));
    for (const name of Object.values(scheduleNames)) expect(text).toContain(`\`${name}\``);
  });

  test("says of joint phases what the schedules say", () => {
    const joint = [sg(), satSg(), satSg({ sameBatch: true })].map(
      (spec) => scheduleOf(spec).joint!,
    );
    const sentences = table.slice(0, 3).map(([, , , heads]) => heads!);
    expect(sentences.map((heads) => heads.includes("at the new trunk"))).toEqual(
      joint.map(({ order }) => order === "trunkFirst"),
    );
    expect(sentences.map((heads) => heads.includes("a batch of their own"))).toEqual(
      joint.map(({ headStream }) => headStream !== ""),
    );
  });

  test("names the defaults", () => {
    expect(ateSg()).toEqual({ kind: "ateSg", sharedEpochs: 1, headEpochs: 1, first: "shared" });
    expect(text).toContain('with `E_0 = E_ts = 1` and `first: "shared"`');
  });
});

test("batch sizes are those of an epoch of the largest task", () => {
  const table = rows(section(text, "## Epochs and steps"));
  const largest = Math.max(...table.map(([, samples]) => Number(samples)));
  for (const [task, samples, ...sizes] of table) {
    const plan = createBatchPlan({ size: Number(samples), batchSize: 16, seed: 1, task: task! });
    const steps = Array.from({ length: stepsPerEpoch(largest, 16) }, (_, step) => step);
    expect(steps.map((step) => plan.indices(0, step).length)).toEqual(sizes.map(Number));
  }
});

test("phases are those of runs of that length", () => {
  const table = rows(section(text, "## A run has exactly T epochs"));
  expect(table.length).toBeGreaterThan(0);
  for (const [epochs, sharedEpochs, headEpochs, first, shown] of table) {
    const spec = ateSg({
      sharedEpochs: Number(sharedEpochs),
      headEpochs: Number(headEpochs),
      first: first as "shared" | "head",
    });
    const phases = phasesOf(scheduleOf(spec), Number(epochs));
    expect(phases.map(({ kind, epochs }) => `${kind} ${epochs}`).join(", ")).toBe(shown);
  }
});

describe("costs", () => {
  const costs = new Map(
    rows(section(text, "## What a step costs")).map(([step, ...cells]) => [
      step!.replaceAll("`", ""),
      cells.map((cell) => terms(quoted(cell)[0]!)),
    ]),
  );
  const total = (step: string) => costs.get(step)![2]!;

  test("forward and backward add up", () => {
    for (const [step, [forward, backward, sum]] of costs) {
      expect(plus(forward!, backward!), step).toEqual(sum);
    }
  });

  test("of a satSg step are those of a shared and of a head step", () => {
    expect(plus(total("shared"), total("head, no cache"))).toEqual(total("joint, satSg"));
    expect(text).toContain("`4 C_0 + 5 H` of `6 C_0 + 6 H` without cache");
    expect(plus(total("joint, sg"), total("joint, sg"))).toEqual(terms("6 C_0 + 6 H"));
  });
});

type Terms = Record<string, number>;

/** `2 C_0 + H` as coefficients by letter. */
function terms(text: string): Terms {
  const sum: Terms = {};
  for (const term of text.split(" + ")) {
    const [first, second] = term.split(" ");
    if (second === undefined) sum[first!] = 1;
    else sum[second] = Number(first);
  }
  return sum;
}

function plus(a: Terms, b: Terms): Terms {
  const sum = { ...a };
  for (const [letter, factor] of Object.entries(b)) sum[letter] = (sum[letter] ?? 0) + factor;
  return sum;
}
