// Where the random layers of a training pass get their randomness from: the trainer says whose pass it
// is, and the layers, deep inside tfjs's call, look here. One synchronous scope at a time.

/** Consecutive rows of a batch whose numbers come from one stream. */
export interface RowSegment {
  /** The stream's task; "" where tasks share the input and with it the draws. */
  task: string;
  rows: number;
  /**
   * Position of the first row in the whole batch, where this pass sees only a slice of it.
   * @default 0
   */
  firstRow?: number;
}

export interface DrawContext {
  /** The run's seed. */
  seed: number;
  /** Which block runs, `trunk` or `head`. */
  block: string;
  epoch: number;
  step: number;
  /** Covers the rows of the batch in order. */
  segments: readonly RowSegment[];
}

let current: DrawContext | undefined;

/** Runs `pass` with its random layers drawing from `context`; scopes nest. */
export function withDraws<T>(context: DrawContext, pass: () => T): T {
  const outer = current;
  current = context;
  try {
    return pass();
  } finally {
    current = outer;
  }
}

/** The context of the pass that runs now, if one does. */
export function currentDraws(): DrawContext | undefined {
  return current;
}
