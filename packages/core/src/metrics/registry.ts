// The metrics by name. Users add their own as plain functions; those never come here.

import { ExperimentError, expected } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { accuracy } from "./accuracy.ts";
import { auc } from "./auc.ts";
import { explainedVariance } from "./explained-variance.ts";
import { mae } from "./mean-absolute-error.ts";
import type { Metric } from "./metric.ts";
import { rmse } from "./root-mean-squared-error.ts";
import { topK } from "./top-k.ts";

const metrics: ReadonlyMap<string, Metric> = new Map(
  Object.entries({ accuracy, auc, mae, rmse, explainedVariance }),
);

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
  const top = topName.exec(name);
  const metric = top ? topK(Number(top[1])) : metrics.get(name);
  if (metric !== undefined) return metric;
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
