// What of an experiment does not do what its author may think, told when the run begins.

import { isPlainSum, type PreparedExperiment, routingDefaults, show } from "@trunkline/core";

export function warningsOf(prepared: PreparedExperiment): string[] {
  const { settings, network, method, tasks } = prepared;
  const { kind } = settings.method;
  const hasHeadPhase = settings.schedule.kind === "ateSg";
  const cases: [boolean, string][] = [
    [
      tasks.length === 1 && !isPlainSum(method),
      `With one task there is nothing to balance: method ${kind} sees ${tasks[0]} alone.`,
    ],
    [
      method.trunkOptimizer !== undefined,
      `Method ${kind} has an optimizer of its own for the trunk: \`optimizer.trunk\` is not used, \`method.learningRate\` is.`,
    ],
    [
      network.isRouted && hasHeadPhase && settings.cache.enabled,
      "The feature cache is off: the trunk has routed layers, and each task's way through them moves in head phases.",
    ],
    [
      !network.isRouted && show(settings.routing) !== show(routingDefaults()),
      "The trunk has no routed layers: `routing` does nothing.",
    ],
  ];
  return cases.flatMap(([isSo, text]) => (isSo ? [text] : []));
}
