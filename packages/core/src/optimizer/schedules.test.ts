import { describe, expect, test } from "vitest";
import {
  type EarlyStoppingSpec,
  earlyStoppingStep,
  initialEarlyStopping,
} from "./early-stopping.ts";
import {
  constant,
  cosine,
  exponential,
  type LearningRate,
  learningRateAt,
  learningRateSchema,
  stepDecay,
} from "./learning-rate.ts";
import { initialPlateau, plateau, plateauStep } from "./plateau.ts";

const over = (rate: LearningRate, epochs: number[], total = 10) =>
  epochs.map((epoch) => learningRateAt(rate, epoch, total));

describe("learning rates", () => {
  test("a number and a constant stay", () => {
    expect(over(0.3, [0, 5, 9])).toEqual([0.3, 0.3, 0.3]);
    expect(over(constant(0.3), [0, 5, 9])).toEqual([0.3, 0.3, 0.3]);
  });

  test("a step decay multiplies every so many epochs", () => {
    const rate = stepDecay({ initial: 1, factor: 0.5, every: 3 });
    expect(over(rate, [0, 2, 3, 5, 6, 9])).toEqual([1, 1, 0.5, 0.5, 0.25, 0.125]);
  });

  test("a cosine goes from initial to final over the run, or over its own epochs and stays", () => {
    const whole = over(cosine({ initial: 1, final: 0.2 }), [0, 5, 10]);
    expect(whole).toEqual([1, expect.closeTo(0.6, 12), expect.closeTo(0.2, 12)]);
    const own = over(cosine({ initial: 1, epochs: 4 }), [0, 1, 4, 9]);
    expect(own).toEqual([1, expect.closeTo(0.8535533905932737, 12), 0, 0]);
  });

  test("an exponential decays with each epoch", () => {
    expect(over(exponential({ initial: 8, decay: 0.5 }), [0, 1, 3])).toEqual([8, 4, 1]);
  });

  test("a plateau scales its initial rate, down to the minimum", () => {
    const rate = plateau({ initial: 0.8, minimum: 0.3 });
    const at = (scale: number) => learningRateAt(rate, 0, 10, { ...initialPlateau(), scale });
    expect([learningRateAt(rate, 0, 10), at(0.5), at(0.25)]).toEqual([0.8, 0.4, 0.3]);
  });

  test.each([
    0.1,
    constant(0.1),
    stepDecay({ initial: 1, factor: 0.1, every: 30 }),
    cosine({ initial: 1 }),
    cosine({ initial: 1, epochs: 7 }),
    exponential({ initial: 1, decay: 0.9 }),
    plateau({ initial: 1 }),
  ])("%j is plain data that the schema accepts unchanged", (rate) => {
    expect(learningRateSchema.parse(JSON.parse(JSON.stringify(rate)))).toEqual(rate);
  });
});

/** Examines losses at edges, given as pairs of finished epochs and loss. */
function scales(spec: Parameters<typeof plateauStep>[0], edges: readonly (readonly number[])[]) {
  let state = initialPlateau();
  return edges.map(([epoch, loss]) => {
    state = plateauStep(spec, state, { epoch: epoch!, loss: loss! });
    return state.scale;
  });
}

describe("a plateau", () => {
  test("lowers the rate after `patience` epochs without improvement, and again after as many", () => {
    const spec = plateau({ initial: 1, patience: 2 });
    const edges = [1, 2, 3, 4, 5].map((epoch) => [epoch, 7]);
    expect(scales(spec, edges)).toEqual([1, 1, 0.5, 0.5, 0.25]);
  });

  test("counts epochs, not examinations, and lowers once at each", () => {
    const spec = plateau({ initial: 1, patience: 4 });
    expect(
      scales(spec, [
        [3, 7],
        [6, 7],
        [9, 7],
        [12, 7],
        [30, 7],
        [33, 7],
      ]),
    ).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
  });

  test("waits out the cooldown before patience counts again", () => {
    const spec = plateau({ initial: 1, patience: 2, cooldown: 3 });
    const edges = [1, 2, 3, 4, 5, 6, 7, 8].map((epoch) => [epoch, 7]);
    expect(scales(spec, edges)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25]);
  });

  test("starts over when the loss falls by more than minDelta", () => {
    const spec = plateau({ initial: 1, patience: 2, minDelta: 0.5 });
    const fallen = scales(spec, [
      [1, 7],
      [2, 6.4],
      [3, 6.4],
      [4, 6.4],
    ]);
    expect(fallen).toEqual([1, 1, 1, 0.5]);
    const hardly = scales(spec, [
      [1, 7],
      [2, 6.6],
      [3, 6.6],
    ]);
    expect(hardly).toEqual([1, 1, 0.5]);
  });

  test("takes NaN for no improvement, and its state through JSON", () => {
    const spec = plateau({ initial: 1, patience: 1 });
    const first = plateauStep(spec, initialPlateau(), { epoch: 1, loss: Number.NaN });
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    expect(plateauStep(spec, first, { epoch: 2, loss: 3 })).toMatchObject({
      best: 3,
      bestEpoch: 2,
    });
  });
});

function decisions(spec: EarlyStoppingSpec, edges: readonly (readonly number[])[]) {
  let state = initialEarlyStopping();
  return edges.map(([epoch, loss]) => {
    const decision = earlyStoppingStep(spec, state, { epoch: epoch!, loss: loss! });
    state = decision.state;
    return decision.stop ? "stop" : decision.improved ? "best" : "wait";
  });
}

describe("early stopping", () => {
  test("stops `patience` epochs after the best loss", () => {
    const edges = [
      [1, 5],
      [2, 4],
      [3, 6],
      [4, 4],
      [5, 4.1],
    ];
    expect(decisions({ patience: 3 }, edges)).toEqual(["best", "best", "wait", "wait", "stop"]);
  });

  test("counts epochs where edges are far apart", () => {
    expect(
      decisions({ patience: 5 }, [
        [4, 5],
        [8, 5],
        [12, 5],
      ]),
    ).toEqual(["best", "wait", "stop"]);
  });

  test("asks for an improvement of more than minDelta, and NaN is none", () => {
    const edges = [
      [1, 5],
      [2, 4.5],
      [3, Number.NaN],
      [4, 3.9],
    ];
    expect(decisions({ patience: 9, minDelta: 1 }, edges)).toEqual([
      "best",
      "wait",
      "wait",
      "best",
    ]);
  });
});
