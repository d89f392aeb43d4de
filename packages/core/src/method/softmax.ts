// Shares that sum to 1; knows nothing of what they are shares of.

/** exp(z_k) / sum_j exp(z_j), with the largest z subtracted first; finite z give finite shares. */
export function softmax(z: ArrayLike<number>): number[] {
  const values = Array.from(z);
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
