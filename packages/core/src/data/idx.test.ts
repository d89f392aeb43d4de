import { describe, expect, test } from "vitest";
import { bytesOf } from "./byte-source.ts";
import { idxArray, idxFile } from "./idx.ts";

const source = (...bytes: number[]) => bytesOf("digits.idx", Uint8Array.from(bytes));

describe("IDX files", () => {
  test("bytes stay bytes, with the header's shape", async () => {
    const file = source(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255);
    expect(await idxArray(file)).toEqual({
      shape: [2, 1, 3],
      values: Uint8Array.of(1, 2, 3, 4, 5, 255),
    });
    const rows = await idxFile(file);
    expect([rows.count, rows.rowShape, rows.name]).toEqual([2, [1, 3], "digits.idx"]);
    expect(await rows.rows([1])).toEqual(Float32Array.of(4, 5, 255));
  });

  test.each<[number, number[], ArrayLike<number>]>([
    [9, [0xff, 1], Int8Array.of(-1, 1)],
    [11, [0xff, 0xfe, 1, 0], Int16Array.of(-2, 256)],
    [12, [0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0], Int32Array.of(-3, 65536)],
    [13, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], Float32Array.of(1.5, -2)],
    [14, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], Float64Array.of(1.5, -2)],
  ])("numbers of kind %d are read in big-endian order", async (kind, bytes, values) => {
    const file = source(0, 0, kind, 1, 0, 0, 0, 2, ...bytes);
    expect(await idxArray(file)).toEqual({ shape: [2], values });
    expect(await (await idxFile(file)).rows([1, 0])).toEqual(
      Float32Array.of(values[1]!, values[0]!),
    );
  });

  test("reading leaves the source's bytes as they are, Node buffers too", async () => {
    const buffer = Buffer.from([0, 0, 11, 1, 0, 0, 0, 1, 1, 2]);
    const file = await idxFile(bytesOf("buffer.idx", buffer));
    for (let i = 0; i < 2; i++) expect(await file.rows([0])).toEqual(Float32Array.of(0x0102));
    expect([...buffer.subarray(8)]).toEqual([1, 2]);
  });

  test.each<[string, number[], RegExp]>([
    ["an empty file", [], /0 bytes/],
    ["a gzip file", [0x1f, 0x8b, 8, 0, 0, 0], /gzip/],
    ["another magic", [1, 0, 8, 1, 0, 0, 0, 0], /01 00 08 01/],
    ["an unknown kind", [0, 0, 10, 1, 0, 0, 0, 0], /00 00 0a 01/],
    ["a header cut off", [0, 0, 8, 3, 0, 0, 0, 1], /within its header/],
    ["values cut off", [0, 0, 8, 1, 0, 0, 0, 3, 1, 2], /announces 11 bytes.*The file has 10/],
    ["too many values", [0, 0, 8, 1, 0, 0, 0, 1, 1, 2], /announces 9 bytes.*The file has 10/],
  ])("%s is refused", async (_, bytes, message) => {
    await expect(idxFile(source(...bytes))).rejects.toMatchObject({
      code: "data/malformed",
      message: expect.stringMatching(message),
    });
  });
});
