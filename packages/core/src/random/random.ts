// A stream of random numbers. Streams are never shared or seeded by hand: `drawsFor` names each one.

export interface Random {
  /** Uniform over [0, 2^32). */
  uint32(): number;
  /** Uniform over [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform over the integers of [0, bound), without bias; bound at most 2^32. */
  integer(bound: number): number;
}
