// Rows of equal width, written once in order and read in any order: in memory, or in a file where they are
// too many. Knows nothing of features.
// Letters: N = rows, W = numbers of a row, B = rows read at once.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError } from "@trunkline/core";

export interface RowStore {
  /** Writes `values`, `[n, W]`, from row `first` on. */
  write(first: number, values: Float32Array): void;
  /** The rows of these indices, `[B, W]`. */
  read(indices: ArrayLike<number>): Float32Array;
  dispose(): void;
}

export function memoryRows(count: number, width: number): RowStore {
  const rows = new Float32Array(count * width);
  return {
    write: (first, values) => rows.set(values, first * width),
    read(indices) {
      const result = new Float32Array(indices.length * width);
      for (let b = 0; b < indices.length; b++) {
        const start = indices[b]! * width;
        result.set(rows.subarray(start, start + width), b * width);
      }
      return result;
    },
    dispose() {},
  };
}

/**
 * Rows in a file of the system's folder for temporary files. It has no name there, so that a process that
 * is killed leaves nothing either.
 */
export function fileRows(width: number): RowStore {
  const file = named("made", openNameless);
  const rowBytes = width * 4;
  return {
    write(first, values) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      named("written", () => writeAll(file, bytes, first * rowBytes));
    },
    read(indices) {
      const result = new Float32Array(indices.length * width);
      const bytes = new Uint8Array(result.buffer);
      named("read", () => {
        for (let b = 0; b < indices.length; b++) {
          const row = bytes.subarray(b * rowBytes, (b + 1) * rowBytes);
          readAll(file, row, indices[b]! * rowBytes);
        }
      });
      return result;
    },
    dispose: () => closeSync(file),
  };
}

/** A file that is open and in no folder any more. */
function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), "trunkline-features-"));
  try {
    return openSync(join(folder, "rows.f32"), "w+");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

function readAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(file, bytes, done, bytes.length - done, position + done);
    if (count === 0) throw new Error(`it ends before byte ${position + bytes.length}`);
    done += count;
  }
}

/** What the system says when space, or the user's share of it, is used up. */
const fullCodes: readonly unknown[] = ["ENOSPC", "EDQUOT"];

/** Runs `action` on the file; what it throws says what was to be done. */
function named<T>(verb: "made" | "written" | "read", action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isFull = fullCodes.includes(code);
    throw new EnvironmentError(
      isFull ? "environment/disk-full" : "environment/file",
      `The feature cache's file could not be ${verb}: ${message}.`,
      {
        remedy: `${isFull ? "Free space in" : "Check"} the folder of temporary files (TMPDIR), or set cache.enabled to false.`,
        details: { folder: tmpdir() },
        cause,
      },
    );
  }
}
