// Adam's step over a stretch of a flat array, for the optimizer (one trunk, one gradient) and for the methods that give
// each task moments of its own. Knows neither learning rates nor where the step goes.

export interface AdamConstants {
  /** Decay of the first moment, b1. */
  readonly beta1: number;
  /** Decay of the second moment, b2. */
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
}

/** The constants of one step, its bias correction moved out of the moments. */
export interface AdamFactors {
  readonly beta1: number;
  readonly beta2: number;
  /** sqrt(1 - b2^t) / (1 - b1^t). */
  readonly correction: number;
  /** eps sqrt(1 - b2^t). */
  readonly floor: number;
}

/** `beta1Power` and `beta2Power` are b1^t and b2^t, this step counted. */
export function adamFactors(
  { beta1, beta2, epsilon }: AdamConstants,
  beta1Power: number,
  beta2Power: number,
): AdamFactors {
  const root = Math.sqrt(1 - beta2Power);
  return { beta1, beta2, correction: root / (1 - beta1Power), floor: epsilon * root };
}

/** Flat arrays, and the stretch `[from, to)` of them that is meant. */
export interface AdamStretch {
  /** Written in place, like `v`. */
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Borrowed. */
  readonly gradient: Float32Array;
  /** Where the step is written: at i - `shift` for the parameter i. May be the gradient itself. */
  readonly step: Float32Array;
  readonly shift: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves the moments by the gradient and writes the step, rounded to float32:
 *
 *     u = mhat / (sqrt(vhat) + eps),   0 where the denominator is 0
 *
 * The rounding is part of the formula: so a step that was made elsewhere and travelled as float32 is the
 * one that the optimizer takes.
 */
export function writeAdamStep(stretch: AdamStretch, factors: AdamFactors): void {
  const { m, v, gradient, step, shift, from, to } = stretch;
  const { beta1, beta2, correction, floor } = factors;
  for (let i = from; i < to; i++) {
    const g = gradient[i]!;
    const first = beta1 * m[i]! + (1 - beta1) * g;
    const second = beta2 * v[i]! + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    const denominator = Math.sqrt(second) + floor;
    step[i - shift] = denominator === 0 ? 0 : (correction * first) / denominator;
  }
}
