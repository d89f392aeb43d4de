// What does not go together with the method of a run; found before any data is read.

import { ExperimentError, expected, type Problem } from "../errors.ts";
import { isPlainSum } from "../method/exchange.ts";
import type { Method } from "../method/method.ts";
import { methodOf } from "../method/registry.ts";
import type { Settings } from "./settings.ts";

export function methodProblems(settings: Settings): Problem[] {
  const method = methodOf(settings.method);
  return [
    ...countProblems(settings, method),
    ...twoPassProblems(settings, method),
    ...normaliseProblems(settings, method),
    ...scaleHeadsProblems(settings, method),
    ...turnProblems(settings, method),
  ];
}

/** Options that have one entry per task, or a bound that their number sets. */
function countProblems({ tasks }: Settings, method: Method): readonly Problem[] {
  const taskCount = Object.keys(tasks).length;
  try {
    if (method.form === "weighting") method.init(taskCount);
    if (method.form === "aggregator") method.init({ taskCount, length: 0, layerCount: 0 });
    return [];
  } catch (error) {
    if (error instanceof ExperimentError) return error.problems;
    throw error;
  }
}

function scaleHeadsProblems({ scaleHeads }: Settings, { form }: Method): Problem[] {
  if (scaleHeads !== true || form === "weighting") return [];
  return [
    {
      path: "scaleHeads",
      code: "experiment/invalid-value",
      message: expected("scaleHeads", "false for a method without weights", scaleHeads),
      remedy: "Remove `scaleHeads`, or choose another method; docs/methods.md lists what each has.",
    },
  ];
}

/** In turn, no two gradients are ever there together. */
function turnProblems({ routing, method: { kind } }: Settings, method: Method): Problem[] {
  if (routing.mode !== "sequential" || isPlainSum(method)) return [];
  return [
    {
      path: "routing.mode",
      code: "experiment/invalid-value",
      message: expected("routing.mode", `"summed" with method ${kind}`, routing.mode),
      remedy: "Use `method: ew()` where tasks move the trunk in turn, or the mode `summed`.",
    },
  ];
}

function twoPassProblems({ rows }: Settings, method: Method): Problem[] {
  if (!rows.twoPass || method.needs === "gram") return [];
  return [
    {
      path: "rows.twoPass",
      code: "experiment/invalid-value",
      message: `Parameter \`rows.twoPass\` is for methods that need inner products of gradients. Found a method that needs ${method.needs}.`,
      remedy:
        "Remove `rows.twoPass`, or choose such a method; docs/methods.md says what each needs.",
    },
  ];
}

function normaliseProblems({ normalise }: Settings, method: Method): Problem[] {
  if (normalise === undefined || normalise === "none") return [];
  const wants = normalise === "meanNorm" ? "gram" : "weights";
  const fits = wants === "gram" ? method.needs === "gram" : method.form === "weighting";
  if (fits) return [];
  const what = wants === "gram" ? "inner products of gradients" : "weights";
  return [
    {
      path: "normalise",
      code: "experiment/invalid-value",
      message: expected("normalise", `"none" for a method without ${what}`, normalise),
      remedy: "Remove `normalise`, or choose another method; docs/methods.md lists what each has.",
    },
  ];
}
