import type * as core from "@trunkline/core";
import {
  addInnerProducts,
  type ExperimentSettings,
  type PreparedExperiment,
} from "@trunkline/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { figuresOf, preparedWith } from "../../../test/prepared.ts";
import type { StepFigures } from "../../machine/effects.ts";
import { Balancer } from "./balancer.ts";
import type { StepReport } from "./report.ts";

vi.mock("@trunkline/core", async (original) => {
  const all = await original<typeof core>();
  return { ...all, addInnerProducts: vi.fn(all.addInnerProducts) };
});

let prepared: PreparedExperiment;
beforeEach(() => void vi.mocked(addInnerProducts).mockClear());
afterEach(() => prepared.network.dispose());

const at = (step: number) => ({ clock: { step, epoch: 0 }, phase: 0, epoch: 0, step });
const rows = [Float32Array.of(3, 4, 0), Float32Array.of(-8, 0, 6)];

async function balancerOf(
  method: NonNullable<ExperimentSettings["method"]>,
  settings: Partial<ExperimentSettings> = {},
) {
  prepared = await preparedWith({ method, ...settings });
  const reports: StepReport[] = [];
  const fallbacks: number[] = [];
  const balancer = new Balancer(prepared, {
    chunkLength: 3,
    hooks: {
      report: (report) => reports.push(report),
      fallback: (_, { step }) => fallbacks.push(step),
    },
  });
  return { balancer, reports, fallbacks };
}

/** One step of a method that decides on figures, or on nothing. */
function step(balancer: Balancer, index: number, shown: StepFigures, after: StepFigures) {
  balancer.weigh(at(index), shown);
  balancer.finished(at(index), after, null);
}

describe("norms in the reports of methods without rows", () => {
  test.each(["db-mtl", "excess-mtl"] as const)(
    "%s: those that it decided on, which come with no gradient",
    async (method) => {
      const { balancer, reports } = await balancerOf(method);
      step(balancer, 0, figuresOf({ norms: { left: 3, right: 8 } }), figuresOf());
      expect(reports).toMatchObject([{ step: 0, norms: { left: 3, right: 2 } }]);
    },
  );

  test("gradnorm: those that it learns from, in its first step too, where all weights are 1", async () => {
    const { balancer, reports } = await balancerOf("gradnorm");
    expect(balancer.next(at(0).clock)).toEqual([1, 1]);
    balancer.finished(at(0), figuresOf({ norms: { left: 3, right: 8 } }), null);
    const weights = { left: 1, right: 1 };
    expect(reports).toMatchObject([{ weights, norms: { left: 3, right: 2 } }]);
  });

  test.each([
    ["ew", []],
    ["uw", [0, 2]],
  ] as const)("%s: without norms a report is of weights that are not 1", async (method, told) => {
    const { balancer, reports } = await balancerOf(method);
    for (const index of [0, 1, 2]) {
      balancer.next(at(index).clock);
      balancer.finished(at(index), figuresOf(), null);
    }
    expect(reports.map(({ step }) => step)).toEqual(told);
    expect(reports.every(({ norms }) => norms === undefined)).toBe(true);
  });
});

describe("inner products", () => {
  test.each([
    ["graddrop", [1, 0, 1, 0]],
    ["pcgrad", [1, 1, 1, 1]],
  ] as const)("%s: are formed in the steps that need them", async (method, formed) => {
    const { balancer } = await balancerOf(method);
    const counts = formed.map((_, index) => {
      vi.mocked(addInnerProducts).mockClear();
      balancer.takeRows(at(index).clock, 0, rows);
      balancer.weigh(at(index), figuresOf());
      balancer.direction(at(index).clock);
      balancer.finished(at(index), figuresOf(), null);
      return vi.mocked(addInnerProducts).mock.calls.length;
    });
    expect(counts).toEqual(formed);
  });

  test.each([0, 1])("a row that is not finite ends step %d with the task's name", async (index) => {
    const { balancer } = await balancerOf("graddrop");
    const broken = [rows[0]!, Float32Array.of(0, Number.NaN, 0)];
    balancer.takeRows(at(index).clock, 0, broken);
    expect(() => balancer.weigh(at(index), figuresOf())).toThrow(
      expect.objectContaining({
        code: "run/not-finite",
        message: expect.stringContaining("`right`"),
        details: { task: "right" },
      }),
    );
  });
});

test.each([
  ["pcgrad", {}, [true, false]],
  ["pcgrad", { rows: { twoPass: true } }, [false, false]],
  ["graddrop", {}, [false, false]],
] as const)(
  "%s with %j wants the trunk's movement where it can be used",
  async (method, settings, wanted) => {
    const { balancer } = await balancerOf(method, settings);
    const found = wanted.map((_, index) => {
      balancer.takeRows(at(index).clock, 0, rows);
      balancer.weigh(at(index), figuresOf());
      const wants = balancer.wantsMovement;
      balancer.finished(at(index), figuresOf(), wants ? new Float32Array(3) : null);
      balancer.endPhase();
      return wants;
    });
    expect(found).toEqual(wanted);
  },
);

test("a task that stays without a gradient is told when it begins, and when it is so again", async () => {
  const { balancer, fallbacks } = await balancerOf("pcgrad");
  const still = [rows[0]!, new Float32Array(3)];
  for (const [index, taken] of [still, still, rows, still, still].entries()) {
    balancer.takeRows(at(index).clock, 0, taken);
    step(balancer, index, figuresOf(), figuresOf());
  }
  expect(fallbacks).toEqual([0, 3]);
});

test("famo learns from losses after the step, where all of them came", async () => {
  const { balancer } = await balancerOf("famo");
  step(balancer, 0, figuresOf(), figuresOf());
  const before = balancer.memory.numbers;
  step(balancer, 1, figuresOf(), figuresOf());
  expect(balancer.memory.numbers).toEqual(before);
  step(balancer, 2, figuresOf({ lossesAfter: { left: 0.5, right: 1.9 } }), figuresOf());
  expect(balancer.memory.numbers).not.toEqual(before);
});
