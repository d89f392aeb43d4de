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

/** Rows in a file of the system's folder for temporary files, removed on `dispose`. */
export function fileRows(width: number): RowStore {
  const folder = mkdtempSync(join(tmpdir(), "trunkline-features-"));
  const file = openSync(join(folder, "rows.f32"), "w+");
  return {
    write(first, values) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      writeAll(file, bytes, first * width * 4);
    },
    read(indices) {
      const result = new Float32Array(indices.length * width);
      const bytes = new Uint8Array(result.buffer);
      for (let b = 0; b < indices.length; b++) {
        readSync(file, bytes, b * width * 4, width * 4, indices[b]! * width * 4);
      }
      return result;
    },
    dispose() {
      closeSync(file);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
    }
  } catch (cause) {
    throw new EnvironmentError("environment/disk-full", "The feature cache could not be written.", {
      remedy:
        "Free space in the folder of temporary files (TMPDIR), or set cache.enabled to false.",
      cause,
    });
  }
}
