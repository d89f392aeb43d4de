import { describe, expect, test } from "vitest";
import { expectClose, expectGolden, goldenRows, unshuffled, weighOnce } from "../test-views.ts";
import { gradvac, gradvacDefinition } from "./gradvac.ts";
import { pcgrad, pcgradDefinition } from "./pcgrad.ts";

const method = gradvacDefinition.make(gradvac());

describe("gradvac", () => {
  test("targets and second step of the golden gradients", () => {
    // Computed with numpy in float64, in the order 1, 2, 3.
    const first = weighOnce(method, goldenRows, { random: unshuffled });
    const targets = [0, 0, -0.201346817, 0, 0, -0.197718649, -0.201346817, -0.216006912, 0];
    expectClose(first.state.targets!, targets);
    const second = weighOnce(method, goldenRows, { random: unshuffled, state: first.state });
    expectGolden(second, {
      weights: [1.532763594, 1.338348104, 1.215679063],
      direction: [3.718783636, -0.458840959, 0.898594531, 5.230723375],
    });
  });

  test("targets that never move make it pcgrad", () => {
    const still = gradvacDefinition.make(gradvac({ beta: 0 }));
    const { weights, state } = weighOnce(still, goldenRows);
    const projected = weighOnce(pcgradDefinition.make(pcgrad()), goldenRows);
    expectClose(weights, projected.weights, 1e-12);
    expect(weighOnce(still, goldenRows, { state }).weights).toEqual(weights);
  });

  test("gradients are turned to the cosine that the target asks for", () => {
    const rows = [
      [1, 0],
      [0, 1],
    ];
    const state = { targets: [0, 0.5, -1, 0] };
    const { weights } = weighOnce(method, rows, { state });
    // g_1 + c g_2 has the cosine c / sqrt(1 + c^2) = 0.5 with g_2.
    expectClose(weights, [1, 1 + 1 / Math.sqrt(3)], 1e-12);
  });

  test("a target of 1 stays finite", () => {
    const state = { targets: [0, 1, 1, 0] };
    const { weights } = weighOnce(
      method,
      [
        [1, 0],
        [0, 1],
      ],
      { state },
    );
    expect(weights.every(Number.isFinite)).toBe(true);
  });

  test("targets of an absent task stay", () => {
    const state = { targets: [0, 0.1, 0.2, 0.3, 0, 0.4, 0.5, 0.6, 0] };
    const next = weighOnce(
      method,
      [
        [1, 0],
        [0, 0],
        [0, 1],
      ],
      { state },
    ).state.targets!;
    expect(next).toEqual([0, 0.1, 0.1, 0.3, 0, 0.4, 0.25, 0.6, 0]);
  });
});
