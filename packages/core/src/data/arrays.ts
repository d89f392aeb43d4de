// Row-major arrays of numbers with a shape: what users hand over and what array files hold.

/** Kinds of numbers that a dataset accepts as they are. */
export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** A whole array, row-major: `shape` is `[rows, ...rowShape]`. */
export interface ArrayValues {
  readonly shape: readonly number[];
  readonly values: NumericArray | readonly number[];
}

/** Number of values in an array of that shape; 1 for `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
