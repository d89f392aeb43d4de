// What is wrong with a network before any data is seen: layers that training cannot honour, and shapes
// of trunk and heads that don't fit. All problems at once, each with its path.

import type * as tf from "@tensorflow/tfjs";
import { expected, type Problem } from "../errors.ts";
import { misplacedRouted, routedProblems } from "../routing/problems.ts";
import type { Network } from "./network.ts";
import { checkLayers } from "./random-layers.ts";

type Shape = readonly (number | null)[];

/** Every problem of trunk and heads; none means that the network can be trained. */
export function networkProblems(network: Network): Problem[] {
  const trunk = network.trunk.model;
  const problems = [
    ...checkLayers(trunk, "trunk"),
    ...routedProblems(trunk, [...network.heads.keys()]),
  ];
  if (trunk.inputs.length !== 1) {
    const message = expected("trunk.inputs", "one input", trunk.inputs.length);
    problems.push(shapeProblem("trunk", message, "Concatenate the inputs in the dataset."));
  }
  for (const [task, head] of network.heads) {
    const path = `tasks.${task}.head`;
    problems.push(
      ...checkLayers(head.model, path),
      ...misplacedRouted(head.model, path),
      ...headProblems(head.model, trunk, path),
    );
  }
  return problems;
}

function* headProblems(
  head: tf.LayersModel,
  trunk: tf.LayersModel,
  path: string,
): Generator<Problem> {
  if (head.outputs.length !== 1) {
    const message = expected("head.outputs", "one output", head.outputs.length);
    yield shapeProblem(path, message, "Make a task of each output.");
  }
  if (head.inputs.length > trunk.outputs.length) {
    const message = expected(
      "head.inputs",
      `at most ${trunk.outputs.length}, the outputs of the trunk`,
      head.inputs.length,
    );
    yield shapeProblem(path, message, "Give the trunk an output for each input of the head.");
    return;
  }
  for (const [i, input] of head.inputs.entries()) {
    const features = trunk.outputs[i]!.shape.slice(1);
    const taken = input.shape.slice(1);
    if (fits(taken, features)) continue;
    const message = expected("inputShape", `the trunk's output [${features}]`, taken);
    yield shapeProblem(path, message, "Build the head with the `inputShape` its factory is given.");
  }
}

/** A null dimension takes any size. */
function fits(taken: Shape, features: Shape): boolean {
  const same = (size: number | null, i: number) =>
    size === null || features[i] === null || size === features[i];
  return taken.length === features.length && taken.every(same);
}

function shapeProblem(path: string, message: string, remedy: string): Problem {
  return { path, code: "experiment/shape", message, remedy };
}
