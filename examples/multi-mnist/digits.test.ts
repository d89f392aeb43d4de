import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { bytesOf } from "@trunkline/core";
import { expect, test } from "vitest";
import { digitFile, readDigits } from "./digits.ts";

// MD5 of the files that Yann LeCun's page offered, unpacked.
test.each([
  ["train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"],
  ["train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"],
  ["t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"],
  ["t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"],
])("%s is the original", (name, md5) => {
  const hash = createHash("md5")
    .update(readFileSync(digitFile(name)))
    .digest("hex");
  expect(hash).toBe(md5);
});

test("there are 10,000 test digits, the first of them a 7", async () => {
  const { images, labels } = await readDigits((path) => bytesOf(path, readFileSync(path)), "test");
  expect(images).toHaveLength(10_000 * 28 * 28);
  expect([...labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
});

test("files whose sizes do not fit each other are refused", async () => {
  const labels = idx([3], new Uint8Array(3));
  const images = idx([2, 28, 28], new Uint8Array(2 * 28 * 28));
  const open = (path: string) => bytesOf(path, path.includes("labels") ? labels : images);
  await expect(readDigits(open, "train")).rejects.toThrow(/train images.*2352 pixels.*1568/);
  const wide = idx([3, 28, 29], new Uint8Array(3 * 28 * 29));
  const openWide = (path: string) => bytesOf(path, path.includes("labels") ? labels : wide);
  await expect(readDigits(openWide, "train")).rejects.toThrow(/rows of \[28, 28\] bytes/);
});

function idx(shape: number[], values: Uint8Array): Uint8Array {
  const lengths = shape.flatMap((length) => [0, 0, length >> 8, length & 255]);
  return Uint8Array.from([0, 0, 8, shape.length, ...lengths, ...values]);
}
