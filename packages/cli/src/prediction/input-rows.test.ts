import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type InputOptions, openInput } from "./input-rows.ts";

const folder = mkdtempSync(join(tmpdir(), "trunkline-input-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function rowsIn(path: string, options: InputOptions): Promise<number[]> {
  const input = await openInput(path, options);
  const values = await input.rows(Array.from({ length: input.count }, (_, i) => i));
  await input.close();
  return [...values];
}

/** Two images of 2 x 2 pixels. */
const images = Uint8Array.of(
  0,
  0,
  8,
  3,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  2,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
);

describe("rows to predict for", () => {
  test.each(["t10k-images-idx3-ubyte", "images.idx"])("come from the IDX file %s", async (name) => {
    const path = file(name, images);
    expect(await rowsIn(path, { shape: [2, 2] })).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("may lack the axis of an only channel", async () => {
    const path = file("channel.idx", images);
    expect(await rowsIn(path, { shape: [2, 2, 1] })).toHaveLength(8);
    await expect(openInput(path, { shape: [4] })).rejects.toMatchObject({
      code: "experiment/shape",
      message: expect.stringMatching(/shape \[4\].*shape \[2, 2\]/),
    });
  });

  test("come from all columns of a CSV file, or from those that are named, in that order", async () => {
    const path = file("rows.csv", "a,b,c\n1,2,3\n4,5,6\n");
    expect(await rowsIn(path, { shape: [3] })).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await rowsIn(path, { shape: [2], columns: ["c", "a"] })).toEqual([3, 1, 6, 4]);
    await expect(openInput(path, { shape: [2] })).rejects.toMatchObject({
      code: "experiment/shape",
      remedy: expect.stringContaining("--columns"),
    });
  });

  test("of an unknown format or a file that is not there are refused", async () => {
    const shape = [1];
    await expect(openInput("rows.txt", { shape })).rejects.toMatchObject({
      code: "cli/invalid-option",
    });
    await expect(openInput(join(folder, "none.npy"), { shape })).rejects.toMatchObject({
      code: "data/not-found",
    });
  });
});
