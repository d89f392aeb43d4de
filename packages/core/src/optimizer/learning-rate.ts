// Learning rates: a number, or a schedule as plain data. Schedules read the global epoch, so both
// blocks' rates go on through each other's phases; all but the plateau are pure functions of it.
// The plateau's state is in `plateau.ts`.

import { z } from "zod";
import { initialPlateau, type PlateauState, plateauSchema } from "./plateau.ts";

const rate = z.number().min(0);

const schedules = z.discriminatedUnion("schedule", [
  z.strictObject({ schedule: z.literal("constant"), initial: rate }),
  z.strictObject({
    schedule: z.literal("step"),
    initial: rate,
    factor: z.number().positive(),
    every: z.int().min(1),
  }),
  z.strictObject({
    schedule: z.literal("cosine"),
    initial: rate,
    final: rate.default(0),
    epochs: z.int().min(1).optional(),
  }),
  z.strictObject({
    schedule: z.literal("exponential"),
    initial: rate,
    decay: z.number().positive(),
  }),
  plateauSchema,
]);

export const learningRateSchema = z.union([rate, schedules]);

export type LearningRateSchedule = z.infer<typeof schedules>;
export type LearningRate = number | LearningRateSchedule;
type Of<S extends LearningRateSchedule["schedule"]> = Extract<
  LearningRateSchedule,
  { schedule: S }
>;

/** The same rate throughout. */
export function constant(initial: number): Of<"constant"> {
  return { schedule: "constant", initial };
}

export interface StepDecayOptions {
  initial: number;
  /** What the rate is multiplied by. */
  factor: number;
  /** Epochs between two multiplications. */
  every: number;
}

/** `initial * factor^floor(epoch / every)`. */
export function stepDecay(options: StepDecayOptions): Of<"step"> {
  return { schedule: "step", ...options };
}

export interface CosineOptions {
  initial: number;
  /** The rate at the end. @default 0 */
  final?: number;
  /** Epochs from `initial` to `final`; later ones stay there. @default all of the run */
  epochs?: number;
}

/**
 * `final + (initial - final) (1 + cos(pi epoch / epochs)) / 2`: one period of Loshchilov & Hutter,
 * SGDR, 2017, eq. 5, without restarts.
 */
export function cosine({ final = 0, ...options }: CosineOptions): Of<"cosine"> {
  return { schedule: "cosine", final, ...options };
}

export interface ExponentialOptions {
  initial: number;
  /** What the rate is multiplied by after each epoch. */
  decay: number;
}

/** `initial * decay^epoch`. */
export function exponential(options: ExponentialOptions): Of<"exponential"> {
  return { schedule: "exponential", ...options };
}

/**
 * The learning rate in an epoch.
 *
 * @param epoch - Global index of the epoch, from 0.
 * @param totalEpochs - T, the epochs of the whole run.
 * @param plateauState - Read by the plateau only. @default nothing has been examined yet
 */
export function learningRateAt(
  rate: LearningRate,
  epoch: number,
  totalEpochs: number,
  plateauState: PlateauState = initialPlateau(),
): number {
  if (typeof rate === "number") return rate;
  switch (rate.schedule) {
    case "constant":
      return rate.initial;
    case "step":
      return rate.initial * rate.factor ** Math.floor(epoch / rate.every);
    case "cosine":
      return cosineAt(rate, epoch / (rate.epochs ?? totalEpochs));
    case "exponential":
      return rate.initial * rate.decay ** epoch;
    case "plateau":
      return Math.max(rate.minimum, rate.initial * plateauState.scale);
  }
}

function cosineAt({ initial, final }: Of<"cosine">, progress: number): number {
  return final + ((initial - final) * (1 + Math.cos(Math.PI * Math.min(1, progress)))) / 2;
}
