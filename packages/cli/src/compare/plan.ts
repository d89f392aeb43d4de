// Which runs a comparison consists of: each method, each task alone, and a small grid of fixed weights, all
// with every seed. It reads no file and starts nothing.

import type { Overrides } from "@trunkline/core";
import type { ListedMethod } from "./methods.ts";

export type RunKind = "method" | "single" | "fixed";

export interface PlannedRun {
  kind: RunKind;
  /** The method as it was written; the one task; or the weights of the grid's point. */
  name: string;
  seed: number;
  /** Its run folder, in the comparison's. */
  folder: string;
  overrides: Overrides;
  workers: number;
}

export interface PlanOptions {
  /** In the experiment's order. */
  tasks: readonly string[];
  methods: readonly ListedMethod[];
  seeds: number;
  workers: number;
  /** For every run alike. */
  set: Overrides["set"];
}

type Course = Omit<PlannedRun, "seed" | "folder"> & { slug: string };

/** Points of the grid at most; with more tasks, the first ones are favoured in turn. */
const gridPoints = 4;

/** In the order in which they run: what the gains are measured against comes first. */
export function planRuns(options: PlanOptions): PlannedRun[] {
  return [...singles(options), ...listed(options), ...grid(options)].flatMap((course) =>
    bySeed(course, options.seeds),
  );
}

function bySeed({ slug, overrides, ...course }: Course, seeds: number): PlannedRun[] {
  return Array.from({ length: seeds }, (_, seed) => ({
    ...course,
    seed,
    folder: `${slug}-seed${seed}`,
    overrides: { set: { ...overrides.set, seed: String(seed) } },
  }));
}

function listed({ methods, set, workers }: PlanOptions): Course[] {
  return methods.map((method) => ({
    kind: "method",
    name: method.text,
    slug: method.slug,
    overrides: { set: { ...set, ...method.set } },
    workers,
  }));
}

/** What an experiment may say for methods that see gradients would be an error with plain weights. */
const plain = { normalise: "none", "rows.twoPass": "false" };

/** One task is one shard, and more than one worker would find nothing to do. */
function singles({ tasks, set }: PlanOptions): Course[] {
  return tasks.map((task) => ({
    kind: "single",
    name: task,
    slug: `single-${task}`,
    overrides: {
      set: { ...set, ...plain, only: JSON.stringify([task]), method: "ew", shards: "1" },
    },
    workers: 1,
  }));
}

/** Each point gives one task twice the weight of the others; weights sum to the number of tasks. */
function grid({ tasks, set, workers }: PlanOptions): Course[] {
  if (tasks.length < 2) return [];
  return tasks.slice(0, gridPoints).map((favoured) => {
    const weights = tasks.map(
      (task) => ((task === favoured ? 2 : 1) * tasks.length) / (tasks.length + 1),
    );
    return {
      kind: "fixed",
      name: tasks.map((task, k) => `${task} ${weights[k]!.toFixed(2)}`).join(", "),
      slug: `fixed-${favoured}`,
      overrides: {
        set: { ...set, ...plain, method: "fixed", "method.weights": JSON.stringify(weights) },
      },
      workers,
    };
  });
}
