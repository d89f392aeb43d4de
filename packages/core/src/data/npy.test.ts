import { describe, expect, test } from "vitest";
import { bytesOf } from "./byte-source.ts";
import { npyArray, npyFile } from "./npy.ts";

/** A file as numpy.save writes it: header padded with spaces to a multiple of 64, a newline last. */
const npy = (header: string, data: ArrayBufferLike, version = 1) => {
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const padded = `${header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1)}\n`;
  const bytes = new Uint8Array(start + padded.length + data.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  bytes.set([padded.length & 0xff, padded.length >> 8], 8);
  bytes.set(new TextEncoder().encode(padded), start);
  bytes.set(new Uint8Array(data), start + padded.length);
  return bytesOf("x.npy", bytes);
};

const header = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

// numpy.save (numpy 2.4.6) of array([7, 2**40]), base64.
const savedByNumpy = (() => {
  const text =
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAg" +
    `${"ICAg".repeat(19)}IAoHAAAAAAAAAAAAAAAAAQAA`;
  return bytesOf(
    "numpy.npy",
    Uint8Array.from(atob(text), (char) => char.charCodeAt(0)),
  );
})();

describe(".npy files", () => {
  test("a file that NumPy wrote is read", async () => {
    expect(await npyArray(savedByNumpy)).toEqual({
      shape: [2],
      values: Float64Array.of(7, 2 ** 40),
    });
  });

  test.each([1, 2, 3])("version %d is read", async (version) => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const source = npy(header("<f4", "(3, 2)"), data.buffer, version);
    expect(await npyArray(source)).toEqual({ shape: [3, 2], values: data });
    const file = await npyFile(source);
    expect([file.count, file.rowShape, file.elementType]).toEqual([3, [2], "f4"]);
    expect(await file.rows([2, 0])).toEqual(Float32Array.of(5, 6, 1, 2));
  });

  test.each<[string, ArrayBufferLike, ArrayLike<number>]>([
    ["<f8", Float64Array.of(0.1, -2).buffer, Float64Array.of(0.1, -2)],
    ["|i1", Int8Array.of(1, -2).buffer, Int8Array.of(1, -2)],
    ["<i2", Int16Array.of(1, -2).buffer, Int16Array.of(1, -2)],
    ["<i4", Int32Array.of(1, -2).buffer, Int32Array.of(1, -2)],
    ["<i8", BigInt64Array.of(2n ** 40n, -2n).buffer, Float64Array.of(2 ** 40, -2)],
    ["|u1", Uint8Array.of(1, 255).buffer, Uint8Array.of(1, 255)],
    ["<u2", Uint16Array.of(1, 65535).buffer, Uint16Array.of(1, 65535)],
    ["<u4", Uint32Array.of(1, 2 ** 32 - 1).buffer, Uint32Array.of(1, 2 ** 32 - 1)],
    ["|b1", Uint8Array.of(1, 0).buffer, Uint8Array.of(1, 0)],
    [">i2", Uint8Array.of(1, 0, 0xff, 0xfe).buffer, Int16Array.of(256, -2)],
  ])("numbers of kind %s are read", async (descr, data, values) => {
    expect(await npyArray(npy(header(descr, "(2,)"), data))).toEqual({ shape: [2], values });
  });

  const four = Float32Array.of(1, 2, 3, 4).buffer;
  test.each<[string, ReturnType<typeof npy>, RegExp]>([
    ["Fortran order", npy(header("<f4", "(2, 2)", "True"), four), /C order.*Fortran/],
    ["half floats", npy(header("<f2", "(8,)"), four), /one of b1, u1.*Found '<f2'/],
    [
      "structured rows",
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }", four),
      /Found \[\('a', '<f4'\)\]/,
    ],
    ["a scalar", npy(header("<f4", "()"), Float32Array.of(1).buffer), /single number/],
    ["values cut off", npy(header("<f4", "(5,)"), four), /shape \[5\]/],
    ["version 4", npy(header("<f4", "(4,)"), four, 4), /version is 4/],
    ["another file", bytesOf("x.npy", new Uint8Array(40)), /no \.npy file/],
    ["an empty file", bytesOf("x.npy", new Uint8Array(0)), /0 bytes/],
    [
      "a header without a shape",
      npy("{'descr': '<f4', 'fortran_order': False}", four),
      /header is/,
    ],
  ])("%s is refused", async (_, source, message) => {
    await expect(npyFile(source)).rejects.toMatchObject({
      code: "data/malformed",
      message: expect.stringMatching(message),
    });
  });
});
