import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../errors.ts";
import { weighOnce } from "../test-views.ts";
import { type KrumOptions, krum, krumDefinition } from "./krum.ts";

const make = (options: KrumOptions = {}) => krumDefinition.make(krum(options));
/** Four gradients near (1, 1), and one far away. */
const rows = [
  [1, 1],
  [1.1, 0.9],
  [-50, 80],
  [0.9, 1.2],
  [1.05, 1],
];

describe("krum", () => {
  test("selects the gradient that lies closest to the others", () => {
    // With f = 1 two neighbours count; the fifth has them at 0.05 and 0.112.
    expect(weighOnce(make({ byzantine: 1 }), rows).weights).toEqual([0, 0, 0, 0, 1]);
  });

  test("a gradient that dwarfs the others does not make them absent", () => {
    const huge = rows.map((row) => (row[0] === -50 ? [1e20, 1e20] : row));
    const weighed = weighOnce(make(), huge);
    expect(weighed.weights).toEqual([0, 0, 0, 0, 1]);
    expect(weighed.fallback).toBeUndefined();
  });

  test("a zero gradient is a vote like any other", () => {
    const idle = [
      [0, 0],
      [0, 0],
      [0, 0],
      [5, 5],
      [-7, 1],
    ];
    expect(weighOnce(make(), idle).weights).toEqual([1, 0, 0, 0, 0]);
  });

  test("averages several, and never the one far away", () => {
    expect(weighOnce(make({ selected: 4 }), rows).weights).toEqual([0.25, 0.25, 0, 0.25, 0.25]);
  });

  test("f is by default the most that M allows", () => {
    const far = [[10], [11], [12.1], [-20], [60]];
    expect(weighOnce(make(), far).weights).toEqual(weighOnce(make({ byzantine: 1 }), far).weights);
    expect(weighOnce(make(), far).weights).not.toEqual(
      weighOnce(make({ byzantine: 0 }), far).weights,
    );
  });

  test("two tasks tie, and the earlier one is selected", () => {
    expect(weighOnce(make(), [[1], [2]]).weights).toEqual([1, 0]);
  });

  test.each([
    ["more faulty tasks than M can outvote", { byzantine: 2 }],
    ["more selected tasks than there are", { selected: 6 }],
  ])("refuses %s", (_, options) => {
    expect(() => weighOnce(make(options), rows)).toThrow(ExperimentError);
  });

  test("does not see colluding workers that agree with each other", () => {
    const colluding = [
      [1, 1],
      [1.1, 0.9],
      [0.9, 1.2],
      [-9, -9],
      [-9, -9],
      [-9, -9],
    ];
    const { weights } = weighOnce(make({ byzantine: 1 }), colluding);
    expect(weights.indexOf(1)).toBeGreaterThan(2);
  });
});
