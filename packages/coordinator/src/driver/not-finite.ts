// State that holds NaN or infinity: what of it, and what the run says. Nothing of it is ever saved.

import { type BlockState, firstNotFinite, type OptimizerState, RunError } from "@trunkline/core";

/** Name of the first array of a block that holds NaN or infinity, or undefined. */
export function notFiniteIn(block: Pick<BlockState, "weights" | "statistics">): string | undefined {
  if (firstNotFinite(block.weights) >= 0) return "weights";
  return firstNotFinite(block.statistics) >= 0 ? "statistics" : undefined;
}

/** The same, the optimizer's state included: what is kept at edges, and costs too much at each step. */
export function notFiniteState(block: BlockState): string | undefined {
  const part = notFinitePart(block.optimizer);
  return notFiniteIn(block) ?? (part && `optimizer's ${part}`);
}

/** Throws where a delivered head is not finite. */
export function requireHead(task: string, head: BlockState): void {
  const broken = notFiniteState(head);
  if (broken === undefined) return;
  throw new RunError(
    "run/not-finite",
    `The ${broken} of the head of task \`${task}\` became NaN or infinite.`,
    { remedy: "Lower the heads' learning rate, or clip gradients with `clip.heads`." },
  );
}

/** Throws where what the method keeps of a task is not finite. */
export function requireMethod(task: string, state: OptimizerState): void {
  const broken = notFinitePart(state);
  if (broken === undefined) return;
  throw new RunError(
    "run/not-finite",
    `The method's ${broken} of task \`${task}\` became NaN or infinite.`,
    { remedy: "Lower the learning rate, or choose another method." },
  );
}

function notFinitePart({ arrays, scalars }: OptimizerState): string | undefined {
  const array = Object.entries(arrays).find(([, values]) => firstNotFinite(values) >= 0);
  if (array !== undefined) return `array \`${array[0]}\``;
  const scalar = Object.entries(scalars).find(([, value]) => !Number.isFinite(value));
  return scalar && `number \`${scalar[0]}\``;
}
