// The fields of an experiment with their ranges and defaults. Mistakes are found all at once, each with
// the path of its field.

import { z } from "zod";
import { ExperimentError } from "../errors.ts";
import type { LossFunction } from "../loss/names.ts";
import { lossNames } from "../loss/names.ts";
import { normalisations } from "../method/method.ts";
import { methodOptions, methodSchema } from "../method/registry.ts";
import type { Metric } from "../metrics/metric.ts";
import { metricByName } from "../metrics/registry.ts";
import type { HeadFactory, TrunkFactory } from "../model/network.ts";
import { sgd } from "../optimizer/sgd.ts";
import { optimizerSchema } from "../optimizer/spec.ts";
import { routingSchema } from "../routing/settings.ts";
import { scheduleSchema } from "../schedule/registry.ts";
import type { DataSource } from "./define.ts";

const isFunction = (value: unknown) => typeof value === "function";
const factory = <T>() => z.custom<T>(isFunction, "a function that returns a tfjs layers model");
const positive = z.number().positive();

const dataSource = z.custom<DataSource>(
  (value) => isFunction(value) || (typeof value === "object" && value !== null && "train" in value),
  "{ train, validation?, test? } or a function that returns it",
);

const loss = z.union([z.enum(lossNames), z.custom<LossFunction>(isFunction)]);

const metric = z.union([
  z.custom<Metric>(isFunction),
  z.string().superRefine((name, context) => {
    const problem = metricProblem(name);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  }),
]);

const task = z.strictObject({
  head: factory<HeadFactory>(),
  loss,
  metrics: z.array(metric).default([]),
  weight: positive.default(1),
  data: dataSource.optional(),
  classWeights: z.array(z.number().min(0)).optional(),
  positiveWeight: positive.optional(),
  missingLabels: z.boolean().default(false),
});

const clip = z.strictObject({ value: positive.optional(), globalNorm: positive.optional() });

/** From a command line, with commas between. */
const namesIn = (text: string) => text.split(",").map((name) => name.trim());

/** Folders are named after tasks, so `.` and `..` are none. */
const taskName = /^(?!\.{1,2}$)[A-Za-z0-9_.-]+$/;

export const settingsSchema = z.strictObject({
  trunk: factory<TrunkFactory>(),
  tasks: z
    .record(z.string().regex(taskName), task)
    .refine((tasks) => Object.keys(tasks).length > 0, "at least one task"),
  data: dataSource.optional(),
  only: z.union([z.array(z.string()).min(1), z.string().transform(namesIn)]).optional(),
  seed: z.int().min(0).default(0),
  epochs: z.int().min(1).default(10),
  batchSize: z.int().min(1).default(32),
  schedule: scheduleSchema.prefault({ kind: "ateSg" }),
  optimizer: z
    .strictObject({ trunk: optimizerSchema, heads: optimizerSchema })
    .prefault({ trunk: sgd({ learningRate: 0.01 }), heads: sgd({ learningRate: 0.01 }) }),
  method: methodSchema.prefault({ kind: "ew" }),
  scaleHeads: z.boolean().optional(),
  normalise: z.enum(normalisations).optional(),
  rows: z
    .strictObject({
      memoryMiB: z.number().positive().default(2048),
      twoPass: z.boolean().default(false),
      stretchKiB: z.number().positive().default(1024),
    })
    .prefault({}),
  conflictEvery: z.int().min(1).default(20),
  shards: z.int().min(1).optional(),
  layout: z.enum(["tasks"]).default("tasks"),
  routing: routingSchema.prefault({}),
  clip: z.strictObject({ trunk: clip.default({}), heads: clip.default({}) }).prefault({}),
  cache: z
    .strictObject({
      enabled: z.boolean().default(true),
      memoryMiB: z.number().min(0).default(1024),
    })
    .prefault({}),
  evaluateEvery: z.int().min(1).default(1),
  evaluationBatchSize: z.int().min(1).default(256),
  earlyStopping: z
    .strictObject({
      patience: z.int().min(1),
      minDelta: z.number().min(0).default(0),
      restoreBest: z.boolean().default(true),
    })
    .optional(),
});

/** Settings with every default filled in. */
export type Settings = z.infer<typeof settingsSchema>;
export type TaskSettings = z.infer<typeof task>;

/** What is wrong with a metric's name, or undefined. */
function metricProblem(name: string): string | undefined {
  try {
    metricByName(name);
    return undefined;
  } catch (error) {
    if (error instanceof ExperimentError) return `a known metric; ${error.problems[0]!.message}`;
    throw error;
  }
}

/** Names of the fields at a path, for the nearest one to a mistyped name. */
export function fieldsAt(path: readonly PropertyKey[], found: unknown): readonly string[] {
  const shape = settingsSchema.shape;
  if (path.length === 0) return Object.keys(shape);
  if (path[0] === "tasks") return Object.keys(task.shape);
  if (path[0] === "method") return methodOptions(found);
  return [];
}

/** Fields that `--set` may name; the rest is code. */
export const runFields: readonly string[] = Object.keys(settingsSchema.shape).filter(
  (key) => !["trunk", "tasks", "data"].includes(key),
);
