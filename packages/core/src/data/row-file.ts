// Rows of numbers read by index, and their implementation over a plain array in a file. The formats
// (`idx.ts`, `npy.ts`) only find out where the array lies and of what kind it is.

import { type ArrayValues, type NumericArray, sizeOf } from "./arrays.ts";
import type { ByteSource } from "./byte-source.ts";
import { bytesPer, decodeElements, type ElementType } from "./element-types.ts";
import { malformed } from "./malformed.ts";
import { rowRanges } from "./row-ranges.ts";

/** Rows of one shape, read as they are asked for. */
export interface RowFile {
  readonly count: number;
  readonly rowShape: readonly number[];
  /** The rows `indices`, in that order; `[indices.length, ...rowShape]`, the caller's own. */
  rows(indices: ArrayLike<number>): Promise<Float32Array>;
}

/** An array file: what its header says, and its rows. */
export interface ArrayFile extends RowFile {
  readonly name: string;
  /** `[count, ...rowShape]`. */
  readonly shape: readonly number[];
  readonly elementType: ElementType;
}

/** A whole array in memory, in the kind of numbers that the file has. */
export interface ArrayFileValues extends ArrayValues {
  readonly values: NumericArray;
}

/** Where a row-major array lies in a file. */
export interface ArrayLayout {
  shape: readonly number[];
  elementType: ElementType;
  littleEndian: boolean;
  /** Bytes before the first value. */
  offset: number;
}

/** Reading that many unwanted bytes costs less than a read of its own. */
const gapBytes = 16 * 1024;
/** Bounds the memory that one read takes. */
const maxRangeBytes = 8 * 1024 * 1024;

/** Rows of the array by ranges; nothing is kept in memory. */
export function rowsOfArray(source: ByteSource, layout: ArrayLayout): ArrayFile {
  const { shape, elementType, littleEndian, offset } = layout;
  const [count = 0, ...rowShape] = shape;
  const width = sizeOf(rowShape);
  const rowBytes = width * bytesPer(elementType);
  const limits = {
    gapRows: Math.floor(gapBytes / rowBytes),
    maxRows: Math.max(1, Math.floor(maxRangeBytes / rowBytes)),
  };

  async function rows(indices: ArrayLike<number>): Promise<Float32Array> {
    const out = new Float32Array(indices.length * width);
    const reads = rowRanges(indices, limits).map(async (range) => {
      const bytes = await source.read(offset + range.first * rowBytes, range.rows * rowBytes);
      const values = decodeElements(bytes, elementType, littleEndian);
      for (const position of range.positions) {
        const start = (indices[position]! - range.first) * width;
        out.set(values.subarray(start, start + width), position * width);
      }
    });
    await Promise.all(reads);
    return out;
  }

  return { name: source.name, shape, elementType, count, rowShape, rows };
}

/** The whole array. */
export async function valuesOfArray(
  source: ByteSource,
  layout: ArrayLayout,
): Promise<ArrayFileValues> {
  const { shape, elementType, littleEndian, offset } = layout;
  const bytes = await source.read(offset, sizeOf(shape) * bytesPer(elementType));
  return { shape, values: decodeElements(bytes, elementType, littleEndian) };
}

/** Throws `data/malformed` unless the file holds exactly the array that its header announces. */
export async function checkArraySize(source: ByteSource, layout: ArrayLayout): Promise<void> {
  const size = await source.size();
  const announced = layout.offset + sizeOf(layout.shape) * bytesPer(layout.elementType);
  if (size === announced) return;
  throw malformed(
    source.name,
    `The header announces ${announced} bytes (${layout.elementType}, shape ` +
      `[${layout.shape.join(", ")}]). The file has ${size}.`,
    "Download or write the file again; it is cut off or damaged.",
  );
}
