import type { Method } from "./method.ts";

/** Equal weighting: the trunk's step follows the plain sum of the task gradients. */
export function ew(): Method {
  return { needs: "nothing", weights: (tasks) => tasks.map(() => 1) };
}
