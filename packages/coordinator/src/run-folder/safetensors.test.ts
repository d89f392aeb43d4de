import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";

function whole(file: TensorFile): Uint8Array {
  return new Uint8Array(Buffer.concat(encodeSafetensors(file)));
}

/** A file with any header, to see what is refused. */
function fileOf(header: unknown, data: number[] = []): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  return Uint8Array.from([...length, ...json, ...data]);
}

// Written by the reference implementation (safetensors 0.8.0, Python): `serialize` of "b" = [1, -2] and
// "a" = [[0.5]] with the metadata { "run": "x" }.
const reference = Buffer.from(
  "kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJydW4iOiJ4In0sImEiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzEsMV0sImRhdGFfb2Zmc2V0cyI6WzAsNF19LCJiIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNCwxMl19fSAgICAgICAAAAA/AACAPwAAAMA=",
  "base64",
);

test("a file of the reference implementation is read", () => {
  expect(decodeSafetensors("r", reference)).toEqual({
    tensors: expect.arrayContaining([
      { name: "a", shape: [1, 1], values: Float32Array.of(0.5) },
      { name: "b", shape: [2], values: Float32Array.of(1, -2) },
    ]),
    metadata: { run: "x" },
  });
});

test("the layout is the format's, byte for byte", () => {
  const bytes = whole({
    tensors: [{ name: "w", shape: [2], values: Float32Array.of(1, -2) }],
    metadata: {},
  });
  const header = '{"__metadata__":{},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  expect([...bytes.subarray(0, 8)]).toEqual([padded.length, 0, 0, 0, 0, 0, 0, 0]);
  expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length))).toBe(padded);
  // 1 and -2 as little-endian IEEE 754.
  expect([...bytes.subarray(8 + padded.length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
});

test("any arrays come back bit for bit, views and empty ones included", () => {
  const array = fc
    .array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })
    .chain((shape) =>
      fc.record({ shape: fc.constant(shape), values: floats(shape.reduce((a, b) => a * b, 1)) }),
    );
  const arrays = fc.dictionary(fc.string(), array, { maxKeys: 5 });
  fc.assert(
    fc.property(arrays, fc.dictionary(fc.string(), fc.string()), (named, metadata) => {
      const tensors = Object.entries(named)
        .filter(([name]) => name !== "__metadata__" && name !== "__proto__")
        .map(([name, { shape, values }]) => ({ name, shape, values }));
      const read = decodeSafetensors("r", whole({ tensors, metadata }));
      expect({ ...read.metadata }).toEqual({ ...metadata });
      for (const { name, shape, values } of tensors) {
        const found = read.tensors.find((each) => each.name === name);
        expect(found?.shape).toEqual(shape);
        expect(Buffer.from(found!.values.buffer)).toEqual(Buffer.from(values.slice().buffer));
      }
    }),
  );
});

/** Values that start in the middle of a longer buffer, as those of a block's parameters do. */
function floats(length: number) {
  return fc
    .float32Array({ minLength: length + 1, maxLength: length + 1 })
    .map((values) => values.subarray(1));
}

const entry = (changes: object) => ({
  w: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...changes },
});

test.each([
  ["too short", Uint8Array.of(1, 2), "too short"],
  ["a header beyond the end", Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 0x7b), "longer than it is"],
  ["no JSON", fileOf("{"), "no JSON object"],
  ["another type", fileOf(entry({ dtype: "F16", shape: [2] }), [0, 0, 0, 0]), "should be F32"],
  ["a gap", fileOf(entry({ data_offsets: [4, 8] }), [0, 0, 0, 0, 0, 0, 0, 0]), "bytes 0 to 4"],
  ["another shape", fileOf(entry({ shape: [2] }), [0, 0, 0, 0]), "bytes 0 to 8"],
  ["a negative shape", fileOf(entry({ shape: [-1] }), [0, 0, 0, 0]), "not described"],
  ["data that ends early", fileOf(entry({}), [0, 0]), "ends early"],
  ["data left over", fileOf(entry({}), [0, 0, 0, 0, 0]), "does not describe"],
  ["metadata of numbers", fileOf({ __metadata__: { a: 1 } }), "should be strings"],
])("a damaged file is refused: %s", (_, bytes, message) => {
  expect(() => decodeSafetensors("w.safetensors", bytes)).toThrow(
    expect.objectContaining({ code: "data/malformed", message: expect.stringContaining(message) }),
  );
});
