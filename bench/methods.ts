// What each method adds to the backward passes of a step, beside plain summing of the tasks' rows, at 2, 10,
// 50 and 100 tasks. A step is timed in its parts; every part is timed right after a plain sum, and a method's
// time is the sum of its parts' medians.
// Letters: M = tasks, P = length of the trunk.

import {
  type Aggregator,
  addInnerProducts,
  drawsFor,
  type Method,
  type MethodName,
  methodNames,
  methodOf,
  normOf,
  type RowTransform,
  reductionWeights,
  type StepView,
  stretchLength,
  sumShards,
  transformState,
  type Weighting,
  weightedSum,
} from "@trunkline/core";
import { methodSchema } from "../packages/core/src/method/registry.ts";
import { type BenchOptions, type BenchResult, median } from "./result.ts";

export const description = "the time of every method at M = 2, 10, 50 and 100 tasks, P = 1e6";

const taskCounts = [2, 10, 50, 100];
const headlineCount = 10;
const length = 1_000_000;
const pairs = 3;
/** Transforms and their states are alike for all tasks: this many are run, and counted for all. */
const transformedTasks = 4;
const layers = [0, length / 2, length];

type Part = "products" | "norms" | "transform" | "weigh" | "sum" | "aggregate";

interface Timed {
  ms: number;
  /** Over the plain sum's time, in pairs. */
  timesPlain: number;
}

type Parts = Partial<Record<Part, Timed>>;

interface Row extends Timed {
  needs: string;
  parts: Parts;
}

export async function run({ json }: BenchOptions): Promise<BenchResult> {
  const all = Array.from({ length: Math.max(...taskCounts) }, () => new Float32Array(length));
  fill(all);
  const tables = taskCounts.map((taskCount) => {
    const table = measured(all.slice(0, taskCount));
    if (!json) print(taskCount, table);
    return [taskCount, table] as const;
  });
  const gram = [...tables.find(([count]) => count === headlineCount)![1].values()].filter(
    ({ needs }) => needs === "gram",
  );
  return {
    name: "methods",
    ratio: median(gram.map(({ timesPlain }) => 1 / timesPlain)),
    unit: `of the speed of plain summing, at M = ${headlineCount}: median over the methods that need inner products`,
    detail: {
      length,
      pairs,
      note: "transform: of all tasks, one after the other; in a run the workers make them side by side",
      ...(json &&
        Object.fromEntries(tables.map(([count, table]) => [`tasks${count}`, detailOf(table)]))),
    },
  };
}

/** Gradients that share a direction, for and against: about half of the pairs of tasks conflict. */
function fill(rows: readonly Float32Array[]): void {
  const draw = drawsFor({ seed: 1, purpose: "gradients" });
  const shift = 1009;
  const pool = Float32Array.from(
    { length: length + (rows.length + 1) * shift },
    () => 2 * draw.uniform() - 1,
  );
  for (const [k, row] of rows.entries()) {
    const share = Math.sin(k + 1);
    const from = (k + 1) * shift;
    for (let i = 0; i < length; i++) row[i] = share * pool[i]! + pool[from + i]!;
  }
}

function measured(rows: readonly Float32Array[]): Map<MethodName, Row> {
  const bench = new StepBench(rows);
  return new Map(methodNames.map((name) => [name, bench.measure(name)]));
}

/** The parts of steps over the same rows `[M][P]`; those that methods have in common are timed once. */
class StepBench {
  readonly #rows: readonly Float32Array[];
  readonly #out = new Float32Array(length);
  readonly #gram: Float64Array[];
  readonly #common: Record<"products" | "norms" | "sum", Timed>;

  constructor(rows: readonly Float32Array[]) {
    this.#rows = rows;
    this.#gram = rows.map(() => new Float64Array(rows.length));
    const weights = rows.map((_, k) => 1 + k / rows.length);
    this.#common = {
      products: this.#time(() => this.#products()),
      norms: this.#time(() => rows.map(normOf)),
      sum: this.#time(() => weightedSum(rows, weights, this.#out)),
    };
  }

  measure(name: MethodName): Row {
    const weights = this.#rows.map((_, k) => 1 + k);
    const method = methodOf(
      methodSchema.parse({ kind: name, ...(name === "fixed" && { weights }) }),
    );
    const parts = this.#partsOf(method);
    const sumOf = (field: keyof Timed) =>
      Object.values(parts).reduce((sum, part) => sum + part[field], 0);
    return { needs: method.needs, parts, ms: sumOf("ms"), timesPlain: sumOf("timesPlain") };
  }

  #partsOf(method: Method): Parts {
    const { products, norms, sum } = this.#common;
    // Inner products of these are for reports alone, once in many steps.
    if (method.form === "aggregator") return { aggregate: this.#aggregate(method) };
    const worked = method.transform && this.#transform(method.transform);
    const transform = worked && { transform: worked.timed };
    if (method.form === "steps") {
      const lambdas = this.#rows.map(() => 1);
      const weigh = this.#time(() => reductionWeights(method, lambdas));
      return { ...transform, weigh, sum };
    }
    const seesNorms = (method.needs === "norms" || method.learns === "norms") && !worked?.reports;
    return {
      ...transform,
      ...(method.needs === "gram" && { products }),
      ...(seesNorms && { norms }),
      weigh: this.#weigh(method),
      sum,
    };
  }

  /** As they are taken in: stretch by stretch. */
  #products(): void {
    for (const products of this.#gram) products.fill(0);
    for (let from = 0; from < length; from += stretchLength({ stretchKiB: 1024 })) {
      const stretches = this.#rows.map((row) =>
        row.subarray(from, from + stretchLength({ stretchKiB: 1024 })),
      );
      addInnerProducts(this.#gram, stretches);
    }
  }

  #weigh(method: Weighting): Timed {
    const losses = this.#rows.map((_, k) => 1 + k / 10);
    const norms = this.#gram.map((products, k) => Math.sqrt(products[k]!));
    let state = method.init(this.#rows.length);
    let step = 0;
    return this.#time(() => {
      const clock = { step, epoch: step };
      const random = drawsFor({ seed: 1, purpose: "method", step });
      const { gram, taskCount } = { gram: this.#gram, taskCount: this.#rows.length };
      const view: StepView = { taskCount, clock, losses, norms, gram, random };
      state = method.weigh(state, view).state;
      const outcome = { clock, losses, lossesAfter: losses.map((loss) => 0.9 * loss), norms };
      state = method.learn?.(state, outcome) ?? state;
      step++;
    });
  }

  #transform(transform: RowTransform): { timed: Timed; reports: boolean } {
    const some = this.#rows.slice(0, transformedTasks).map((row) => row.slice());
    const states = some.map(() => transformState(transform, length));
    let step = 0;
    let figures: (number | undefined)[] = [];
    const { ms, timesPlain } = this.#time(() => {
      const terms = { clock: { step: step++, epoch: 0 }, loss: 1 };
      figures = some.map((row, k) => transform.apply(states[k]!, row, terms));
    });
    const factor = this.#rows.length / some.length;
    const timed = { ms: ms * factor, timesPlain: timesPlain * factor };
    return { timed, reports: figures.some((figure) => figure !== undefined) };
  }

  #aggregate(method: Aggregator): Timed {
    const size = { taskCount: this.#rows.length, length, layerCount: layers.length - 1 };
    const state = method.init(size);
    let step = 0;
    const timed = this.#time(() => {
      const clock = { step, epoch: 0 };
      const random = drawsFor({ seed: 1, purpose: "method", step: step++ });
      method.aggregate(state, this.#rows, { clock, random, layers }, this.#out);
    });
    // It may have written to them.
    fill(this.#rows);
    return timed;
  }

  /** Medians over pairs of a plain sum and the part, after one unmeasured run of it. */
  #time(part: () => void): Timed {
    part();
    const both = Array.from({ length: pairs }, () => {
      // The sum is written to its first row.
      const shards = [this.#out.fill(0), ...this.#rows.slice(1)];
      const plainMs = durationOf(() => sumShards(shards));
      return { plainMs, ms: durationOf(part) };
    });
    return {
      ms: median(both.map(({ ms }) => ms)),
      timesPlain: median(both.map(({ ms, plainMs }) => ms / plainMs)),
    };
  }
}

/** Milliseconds of this process's own computing: it is one thread, and what else the machine does counts less. */
function durationOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function detailOf(table: ReadonlyMap<MethodName, Row>) {
  return Object.fromEntries(
    [...table].map(([name, { ms, timesPlain, parts }]) => {
      const partsMs = Object.entries(parts).map(([part, timed]) => [part, rounded(timed.ms)]);
      return [
        name,
        { ms: rounded(ms), timesPlain: rounded(timesPlain), partsMs: Object.fromEntries(partsMs) },
      ];
    }),
  );
}

const rounded = (value: number) => Number(value.toPrecision(3));

function print(taskCount: number, table: ReadonlyMap<MethodName, Row>): void {
  const lines = [...table].map(([name, { ms, timesPlain, parts }]) => {
    const shown = Object.entries(parts).map(([part, timed]) => `${part} ${timed.ms.toFixed(1)}`);
    const cells = [name.padEnd(16), ms.toFixed(1).padStart(10), timesPlain.toFixed(1).padStart(10)];
    return `${cells.join("")}   ${shown.join(", ")}\n`;
  });
  process.stdout.write(
    `M = ${taskCount}, P = ${length}\nmethod                  ms   x plain   of which, ms\n`,
  );
  process.stdout.write(lines.join(""));
}
