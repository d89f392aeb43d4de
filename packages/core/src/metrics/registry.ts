// The metrics by name. Users add their own as plain functions; those never come here.

import { ExperimentError, expected } from "../errors.ts";
import type { LabelKind } from "../loss/names.ts";
import { didYouMean } from "../nearest.ts";
import { accuracy } from "./accuracy.ts";
import { auc } from "./auc.ts";
import { explainedVariance } from "./explained-variance.ts";
import { mae } from "./mean-absolute-error.ts";
import type { Direction, Metric } from "./metric.ts";
import { rmse } from "./root-mean-squared-error.ts";
import { topK } from "./top-k.ts";

/** What a metric wants of its task. */
export interface MetricOutputs {
  /** Kinds of labels that it means something for. */
  labels: readonly LabelKind[];
  /** Fewest outputs D of the head. */
  minOutputs: number;
}

interface Entry extends MetricOutputs {
  metric: Metric;
}

const answers = { labels: ["class", "binary", "any"], minOutputs: 1 } as const;
const amounts = { labels: ["real", "any"], minOutputs: 1 } as const;

const declared = (metric: Metric, better: Direction): Metric => Object.assign(metric, { better });

const metrics: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ["accuracy", { ...answers, metric: declared(accuracy, "higher") }],
  ["auc", { ...answers, metric: declared(auc, "higher") }],
  ["mae", { ...amounts, metric: declared(mae, "lower") }],
  ["rmse", { ...amounts, metric: declared(rmse, "lower") }],
  ["explainedVariance", { ...amounts, metric: declared(explainedVariance, "higher") }],
]);

/** `top1`, `top5`, `top10`: any k without a leading zero. */
const topName = /^top([1-9]\d*)$/;

/** What can be asked for by name; `topN` stands for a number N. */
export const metricNames: readonly string[] = [...metrics.keys(), "topN"];

/**
 * The metric of that name.
 *
 * @param path - Field that holds the name, for the error.
 * @throws ExperimentError `experiment/unknown-name`, with the nearest name.
 */
export function metricByName(name: string, path = "metrics"): Metric {
  const known = entryOf(name);
  if (known !== undefined) return known.metric;
  const near = didYouMean(name, [...metrics.keys(), "top5"]);
  throw new ExperimentError([
    {
      path,
      code: "experiment/unknown-name",
      message: expected("metrics", `one of ${metricNames.join(", ")}`, name) + near,
      remedy: "Use a known metric, or pass a function of the predictions.",
    },
  ]);
}

/** What `metric` wants of labels and outputs; a user's own function takes any. */
export function metricOutputs(metric: string | Metric): MetricOutputs {
  if (typeof metric === "function") {
    return { labels: ["class", "binary", "real", "any"], minOutputs: 1 };
  }
  const { labels, minOutputs } = entryOf(metric)!;
  return { labels, minOutputs };
}

/** The name that results show a metric by. */
export function metricName(metric: string | Metric): string {
  if (typeof metric === "string") return metric;
  return metric.name === "" ? "metric" : metric.name;
}

function entryOf(name: string): Entry | undefined {
  const k = topName.exec(name)?.[1];
  if (k === undefined) return metrics.get(name);
  // Fewer outputs than k would make every sample a hit.
  const minOutputs = Math.max(2, Number(k));
  return { labels: ["class", "any"], minOutputs, metric: declared(topK(Number(k)), "higher") };
}
