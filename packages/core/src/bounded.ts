// Records and arrays of a message, whose size the peer decides. zod collects an issue per bad entry, which
// costs seconds and a gigabyte for a frame full of them; these count first and stop at the first fault.
// They know no message.

import { z } from "zod";

/** As many tasks, metrics or scalars; a thousand heads already fill a message with tensors. */
export const maxEntries = 4096;
/** Epochs of one phase, or shards. */
export const maxItems = 100_000;
/** Longest name of a task, a metric, a scalar or a field. */
const maxKeyLength = 4096;
const controls = /\p{Cc}/u;

type Is<T> = (value: unknown) => value is T;

export const isNumber = (value: unknown): value is number => Number.isFinite(value);
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** Whether it is a plain record of at most {@link maxEntries} such values. */
export function isRecordOf<T>(is: Is<T>): Is<Record<string, T>> {
  return (value): value is Record<string, T> => {
    if (typeof value !== "object" || value === null) return false;
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return false;
    const entries = Object.entries(value);
    return (
      entries.length <= maxEntries &&
      entries.every(([key, one]) => key.length <= maxKeyLength && !controls.test(key) && is(one))
    );
  };
}

/** @param what - The values, as the error names them: "numbers". */
export function recordOf<T>(is: Is<T>, what: string) {
  return z.custom<Record<string, T>>(
    isRecordOf(is),
    `should be a record of at most ${maxEntries} ${what}`,
  );
}

/** Whether it is an array of at most {@link maxItems} such values. */
export function isArrayOf<T>(is: Is<T>): Is<T[]> {
  return (value): value is T[] =>
    Array.isArray(value) && value.length <= maxItems && value.every((one) => is(one));
}

/** As {@link recordOf}, for arrays of at most {@link maxItems}. */
export function arrayOf<T>(is: Is<T>, what: string) {
  return z.custom<T[]>(isArrayOf(is), `should be an array of at most ${maxItems} ${what}`);
}
