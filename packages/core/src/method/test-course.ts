// Drives any method over a sequence of gradients as a run does: transform, weights or rows, direction, and
// what it learns afterwards. What a method did not ask for is not empty here but throws when it is touched.
// Letters: M = tasks, P = length of the trunk.

import type { OptimizerState } from "../optimizer/state.ts";
import { drawsFor } from "../random/draws.ts";
import type {
  Aggregator,
  Clock,
  Method,
  MethodState,
  Needs,
  StepView,
  Weighting,
} from "./method.ts";
import { directionOf, gramOf } from "./test-views.ts";
import { transformState } from "./transform.ts";

export interface Sample {
  /** `[M][P]`; borrowed. */
  readonly rows: readonly Float32Array[];
  /** `[M]`. */
  readonly losses: readonly number[];
  /** `[M]`: of the same batch after the step. */
  readonly lossesAfter: readonly number[];
}

export interface Taken {
  /** `[P]`. */
  readonly direction: readonly number[];
  /** `[M]`; of methods that have weights. */
  readonly weights?: readonly number[];
  /** The gradients as they were, `[M][P]`. */
  readonly rows: readonly Float32Array[];
}

/** A method's whole state, as a checkpoint has it. */
export interface Saved {
  readonly step: number;
  readonly method: MethodState;
  readonly tasks: readonly SavedOptimizer[];
  readonly aggregator: SavedOptimizer;
}

interface SavedOptimizer {
  readonly arrays: Readonly<Record<string, readonly number[]>>;
  readonly scalars: Readonly<Record<string, number>>;
}

export interface Course {
  advance(sample: Sample): Taken;
  save(): Saved;
  restore(saved: Saved): void;
}

export interface CourseOptions {
  taskCount: number;
  /** P. */
  length: number;
  seed: number;
}

/** Steps in one epoch of the driver's clock. */
const stepsPerEpoch = 2;

const costs: readonly Needs[] = ["nothing", "losses", "norms", "gram", "rows"];

export function startCourse(method: Method, { taskCount, length, seed }: CourseOptions): Course {
  const transform = method.form === "aggregator" ? undefined : method.transform;
  const layers = [0, Math.ceil(length / 2), length];
  let step = 0;
  let state: MethodState = method.form === "weighting" ? method.init(taskCount) : {};
  let tasks = Array.from(
    { length: taskCount },
    (): OptimizerState =>
      transform === undefined ? { arrays: {}, scalars: {} } : transformState(transform, length),
  );
  let aggregator: OptimizerState =
    method.form === "aggregator"
      ? method.init({ taskCount, length, layerCount: layers.length - 1 })
      : { arrays: {}, scalars: {} };

  function advance(sample: Sample): Taken {
    const clock = { step, epoch: Math.floor(step / stepsPerEpoch) };
    const random = drawsFor({ seed, purpose: "method", step });
    step++;
    const rows = sample.rows.map((row) => row.slice());
    const reported = rows.map((row, k) =>
      transform?.apply(tasks[k]!, row, { clock, loss: sample.losses[k]! }),
    );
    if (method.form === "aggregator") {
      const direction = aggregate(method, aggregator, rows, { clock, random, layers });
      return { direction, rows: sample.rows };
    }
    if (method.form === "steps") {
      const share = method.reduction === "mean" ? 1 / taskCount : 1;
      return {
        direction: directionOf(
          rows,
          rows.map(() => share),
        ),
        rows: sample.rows,
      };
    }
    const gram = gramOf(rows);
    const norms = gram.map((row, k) => reported[k] ?? Math.sqrt(row[k]!));
    const view = { taskCount, clock, losses: sample.losses, norms, gram, random };
    const { state: next, weights } = method.weigh(state, restricted(view, method.needs));
    state = learned(method, next, { ...sample, norms, clock });
    return { direction: directionOf(rows, weights), weights, rows: sample.rows };
  }

  return {
    advance,
    save: () => ({ step, method: state, tasks: tasks.map(packed), aggregator: packed(aggregator) }),
    restore(saved) {
      step = saved.step;
      state = saved.method;
      tasks = saved.tasks.map(unpacked);
      aggregator = unpacked(saved.aggregator);
    },
  };
}

function aggregate(
  method: Aggregator,
  state: OptimizerState,
  rows: Float32Array[],
  step: Parameters<Aggregator["aggregate"]>[2],
): number[] {
  const direction = new Float32Array(rows[0]!.length).fill(Number.NaN);
  method.aggregate(state, rows, step, direction);
  return [...direction];
}

function restricted(view: StepView, needs: Needs): StepView {
  const rank = costs.indexOf(needs);
  return {
    ...view,
    losses: rank >= costs.indexOf("losses") ? view.losses : forbidden("losses"),
    norms: rank >= costs.indexOf("norms") ? view.norms : forbidden("norms"),
    gram: rank >= costs.indexOf("gram") ? view.gram : forbidden("gram"),
  };
}

function learned(
  { learns, learn }: Weighting,
  state: MethodState,
  { losses, lossesAfter, norms, clock }: Sample & { norms: readonly number[]; clock: Clock },
): MethodState {
  if (learns === "nothing" || learn === undefined) return state;
  return learn(state, {
    clock,
    losses,
    lossesAfter: learns === "lossesAfter" ? lossesAfter : forbidden("lossesAfter"),
    norms: learns === "norms" ? norms : forbidden("norms"),
  });
}

function forbidden<T>(name: string): readonly T[] {
  const refuse = () => {
    throw new Error(`the method did not ask for ${name}, yet reads it`);
  };
  return new Proxy<T[]>([], { get: refuse, has: refuse, ownKeys: refuse });
}

function packed({ arrays, scalars }: OptimizerState): SavedOptimizer {
  const entries = Object.entries(arrays).map(([name, values]) => [name, [...values]] as const);
  return { arrays: Object.fromEntries(entries), scalars: { ...scalars } };
}

function unpacked({ arrays, scalars }: SavedOptimizer): OptimizerState {
  const entries = Object.entries(arrays).map(
    ([name, values]) => [name, Float32Array.from(values)] as const,
  );
  return { arrays: Object.fromEntries(entries), scalars: { ...scalars } };
}
