// What coordinator and workers say to each other in a round, as it follows from the method: the same on both
// sides, so that nobody has to be told.

import type { PhaseKind } from "../schedule/schedule.ts";
import type { Clock, Method, RowTransform } from "./method.ts";

export interface Exchange {
  /** What workers send before the step's weights are decided. */
  readonly first: "nothing" | "losses" | "norms" | "rows";
  /** Whether workers are told the weights that were decided in this step. */
  readonly weights: boolean;
  /** Whether workers send weighted sums; else the coordinator makes them from the rows that it keeps. */
  readonly sums: boolean;
}

export interface ExchangeTerms {
  method: Method;
  /** Rows are sent for their inner products only, and the sums follow. */
  twoPass: boolean;
  /** The tasks' weights multiply the heads' gradients too. */
  scaleHeads: boolean;
  kind: PhaseKind;
}

export function exchangeOf({ method, twoPass, scaleHeads, kind }: ExchangeTerms): Exchange {
  const { needs } = method;
  if (needs === "nothing") {
    return { first: "nothing", weights: false, sums: true };
  }
  if (needs === "losses" || needs === "norms") {
    return { first: needs, weights: true, sums: true };
  }
  const sums = twoPass && needs === "gram";
  const headsMove = scaleHeads && kind === "joint";
  return { first: "rows", weights: sums || headsMove, sums };
}

/** Stretches of rows that a shard may have under way: the wire is busy while the first is taken. */
export const rowsWindow = 4;

/** Numbers of one task in one stretch of its row. */
export function stretchLength({ stretchKiB }: { stretchKiB: number }): number {
  return Math.max(1, Math.floor((stretchKiB * 1024) / Float32Array.BYTES_PER_ELEMENT));
}

/** Whether the coordinator holds the rows of all tasks, and not their inner products alone. */
export function holdsRows({ needs }: Pick<Method, "needs">, twoPass: boolean): boolean {
  return needs === "rows" || (needs === "gram" && !twoPass);
}

/** Whether the method is the plain sum of gradients. */
export const isPlainSum = ({ plainSum }: Pick<Method, "plainSum">): boolean => plainSum === true;

/** What workers do to each task's gradient, where the method has them do anything. */
export function transformOf(method: Method): RowTransform | undefined {
  return method.form === "aggregator" ? undefined : method.transform;
}

/** Stretches of `chunkLength` that `length` numbers make; at least one. */
export function chunksOf(length: number, chunkLength: number): number {
  return Math.max(1, Math.ceil(length / chunkLength));
}

/** A method's clock at a trunk version: each version is a round, and each step takes some rounds. */
export function clockAt(
  trunkVersion: number,
  { roundsPerStep, stepsPerEpoch }: { roundsPerStep: number; stepsPerEpoch: number },
): Clock {
  const step = Math.floor(trunkVersion / roundsPerStep);
  return { step, epoch: Math.floor(step / stepsPerEpoch) };
}

/** Whether the losses of a step are measured again after it: the method learns from them, or a report shows them. */
export function wantsLossesAfter(
  { needs, learns }: Method,
  { step, reportEvery }: { step: number; reportEvery: number },
): boolean {
  if (learns === "lossesAfter") return true;
  return (needs === "gram" || needs === "rows") && isReported(step, reportEvery);
}

/** Whether the stream tells of a step, counted over the run's shared and joint steps. */
export function isReported(step: number, reportEvery: number): boolean {
  return step % reportEvery === 0;
}
