import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from "vitest";
import { fileRows, memoryRows, type RowStore } from "./row-store.ts";

vi.mock("node:fs", async (load) => {
  const real = await load<typeof fs>();
  const { writeSync, readSync, mkdtempSync, openSync } = real;
  const watched = {
    writeSync: vi.fn(writeSync),
    readSync: vi.fn(readSync),
    mkdtempSync: vi.fn(mkdtempSync),
    openSync: vi.fn(openSync),
  };
  return { ...real, ...watched };
});

const { mkdtempSync, readdirSync, rmSync } = fs;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "row-store-test-"));
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const stores: [string, (count: number, width: number) => RowStore][] = [
  ["memory", memoryRows],
  ["a file", (_, width) => fileRows(width)],
];

test.each(stores)("rows of %s are read in any order, as often as wanted", (_, make) => {
  const count = 9;
  const chunk = fc.integer({ min: 1, max: count });
  const indices = fc.array(fc.nat(count - 1), { maxLength: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), chunk, indices, (width, size, wanted) => {
      const all = Float32Array.from({ length: count * width }, (_, i) => Math.fround(i / 3));
      const store = make(count, width);
      for (let first = 0; first < count; first += size) {
        store.write(first, all.slice(first * width, (first + size) * width));
      }
      const rows = store.read(wanted);
      const expected = wanted.flatMap((index) => [
        ...all.slice(index * width, (index + 1) * width),
      ]);
      expect([...rows]).toEqual(expected);
      store.dispose();
    }),
    { numRuns: 30 },
  );
});

test("writing takes the part of a buffer that it is given", () => {
  for (const [, make] of stores) {
    const store = make(2, 2);
    store.write(0, Float32Array.of(9, 1, 2, 3, 4, 9).subarray(1, 5));
    expect([...store.read([1, 0])]).toEqual([3, 4, 1, 2]);
    store.dispose();
  }
});

test("a file has no name, so that a worker that is killed leaves nothing", () => {
  const store = fileRows(2);
  expect(readdirSync(folder)).toEqual([]);
  store.write(0, Float32Array.of(1, 2));
  expect([...store.read([0])]).toEqual([1, 2]);
  store.dispose();
});

type ReadPart = (
  file: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => number;

describe("what a file does wrong", () => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error(`${code}: on purpose`), { code });
  };

  test.each([
    ["ENOSPC", "environment/disk-full"],
    ["EDQUOT", "environment/disk-full"],
    ["EIO", "environment/file"],
  ])("at a write, %s, is %s", (code, expected) => {
    const store = fileRows(1);
    vi.mocked(fs.writeSync).mockImplementationOnce(failing(code));
    expect(() => store.write(0, Float32Array.of(1))).toThrow(
      expect.objectContaining({ code: expected, message: expect.stringContaining(code) }),
    );
    store.dispose();
  });

  test.each([
    ["folder", "EACCES", "environment/file"],
    ["folder", "ENOSPC", "environment/disk-full"],
    ["file", "EMFILE", "environment/file"],
  ] as const)("at the making of its %s, %s, is %s", (what, code, expected) => {
    const calls = { folder: vi.mocked(fs.mkdtempSync), file: vi.mocked(fs.openSync) };
    (calls[what] as Mock<() => unknown>).mockImplementationOnce(failing(code));
    expect(() => fileRows(1)).toThrow(expect.objectContaining({ code: expected }));
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a read that comes in pieces is put together", () => {
    const store = fileRows(2);
    store.write(0, Float32Array.of(1, 2, 3, 4));
    const mock = vi.mocked(fs.readSync as ReadPart);
    const read = mock.getMockImplementation()!;
    mock.mockImplementation((file, bytes, offset, length, position) =>
      read(file, bytes, offset, Math.min(length, 3), position),
    );
    expect([...store.read([1, 0])]).toEqual([3, 4, 1, 2]);
    mock.mockImplementation(read);
    store.dispose();
  });

  test("a file that has become too short is an error, not zeros", () => {
    const store = fileRows(2);
    store.write(0, Float32Array.of(1, 2));
    expect(() => store.read([0, 1])).toThrow(
      expect.objectContaining({
        code: "environment/file",
        message: expect.stringContaining("ends before byte 16"),
      }),
    );
    store.dispose();
  });
});
