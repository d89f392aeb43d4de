import fc from "fast-check";
import { Packr, pack as packFreely } from "msgpackr";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import { pack, unpack } from "./packed.ts";

fc.configureGlobal({ seed: 1 });

/** What messages consist of. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, false),
    // msgpack's integers have no negative zero.
    fc.double().map((number) => number + 0),
    fc.integer(),
    fc.string(),
    fc.array(tie("value")),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { noNullPrototype: true },
    ),
  ),
}));

describe("control values", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(unpack(pack(one))).toEqual(one);
      }),
    );
  });

  test("of every length class come back as they were", () => {
    for (const length of [15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      const one = { text: "x".repeat(length), list: Array.from({ length }, (_, i) => i) };
      expect(unpack(pack(one))).toEqual(one);
    }
  });

  test("may hold bytes", () => {
    expect(unpack(pack({ bytes: Uint8Array.of(1, 2, 3) }))).toMatchObject({
      bytes: expect.objectContaining({ length: 3 }),
    });
  });

  test("that are undefined arrive as null, for the schema to name", () => {
    expect(unpack(pack({ missing: undefined }))).toEqual({ missing: null });
  });

  test("are refused before they are built where there are too many", () => {
    const map = (pairs: number) =>
      Object.fromEntries(Array.from({ length: pairs }, (_, i) => [i, 1]));
    expect(Object.keys(unpack(pack(map(4096))) as object)).toHaveLength(4096);
    const values = Array(2 ** 16).fill(0);
    expect(unpack(pack(Array(7).fill(values)))).toHaveLength(7);
    for (const tooMany of [map(4097), Array(8).fill(values)]) {
      expect(() => unpack(pack(tooMany))).toThrow("too many values");
    }
  });

  test("cannot reach a prototype", () => {
    const key = [0xa9, ...new TextEncoder().encode("__proto__")];
    const got = unpack(Uint8Array.of(0x81, ...key, 0x81, 0xa1, 0x78, 0x01)) as { x?: unknown };
    expect(got.x).toBeUndefined();
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
  });
});

describe("bytes that are no control value", () => {
  const cases: [string, number[]][] = [
    ["nothing at all", []],
    ["an array of four thousand million values in five bytes", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["a map that claims more pairs than there are bytes", [0xdf, 0x00, 0xff, 0xff, 0xff, 0xc0]],
    ["a string that goes beyond the end", [0xd9, 0x05, 0x61]],
    ["a length field that is cut", [0xda, 0x01]],
    ["a number that is cut", [0xcb, 0x00, 0x00]],
    ["a second value", [0x01, 0x02]],
    ["the byte that msgpack never uses", [0xc1]],
    ["an extension", [0xd4, 0x72, 0x40]],
    ["nesting that would overflow the stack", Array(100_000).fill(0x91)],
  ];

  test.each(cases)("are refused: %s", (_name, bytes) => {
    expect(() => unpack(Uint8Array.from(bytes))).toThrow(ProtocolError);
  });

  test("are refused where they are records of msgpackr or dates", () => {
    expect(() => unpack(packFreely(new Date(0)))).toThrow(ProtocolError);
    expect(() => unpack(new Packr({ useRecords: true }).pack([{ a: 1 }, { a: 2 }]))).toThrow(
      ProtocolError,
    );
  });

  test("never raise anything but a ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          unpack(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
