// By what a task is compared: its first metric that says which way is better, else its loss.

import { metricByName, metricName, type TaskScore, type TaskSettings } from "@trunkline/core";

export interface Measure {
  task: string;
  /** A metric's name, or `loss`. */
  name: string;
  better: "higher" | "lower";
}

export function measureOf(task: string, { metrics }: Pick<TaskSettings, "metrics">): Measure {
  for (const metric of metrics) {
    const { better } = typeof metric === "string" ? metricByName(metric) : metric;
    if (better !== undefined) return { task, name: metricName(metric), better };
  }
  return { task, name: "loss", better: "lower" };
}

export function scoreOf({ name }: Measure, { loss, metrics }: TaskScore): number {
  return name === "loss" ? loss : metrics[name]!;
}
