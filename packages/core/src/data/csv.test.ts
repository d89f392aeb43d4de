import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawsFor } from "../random/draws.ts";
import { bytesOf } from "./byte-source.ts";
import { type CsvOptions, csvDataset } from "./csv.ts";
import type { Dataset } from "./dataset.ts";

const context = { epoch: 0, training: false, draw: drawsFor({ seed: 0, purpose: "test" }) };
const file = (text: string) => bytesOf("train.csv", new TextEncoder().encode(text));
const everyRow = (dataset: Dataset) =>
  dataset.batch(
    Array.from({ length: dataset.size }, (_, i) => i),
    context,
  );

describe("a CSV dataset", () => {
  const options: CsvOptions = { inputs: ["b", "a"], labels: { y: "y" } };

  test("takes the named columns in the order named", async () => {
    const dataset = await csvDataset(file("a,unused,b,y\n1,x,2,0\n3,x,4,1\n"), options);
    expect([dataset.size, dataset.inputShape, dataset.labelShapes]).toEqual([2, [2], { y: [] }]);
    expect(await everyRow(dataset)).toMatchObject({
      inputs: Float32Array.of(2, 1, 4, 3),
      labels: { y: Float32Array.of(0, 1) },
    });
  });

  test("takes all columns but labels and weights where it is told so", async () => {
    const dataset = await csvDataset(file("a,y,b,w\n1,0,2,5\n3,1,4,6\n"), {
      inputs: "all",
      labels: { y: "y" },
      sampleWeights: { y: "w" },
    });
    expect((await everyRow(dataset)).inputs).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test("reads quotes, CRLF, a byte-order mark, blank lines and a last line without end", async () => {
    const text = '\ufeff"a" ,"b","y"\r\n" 1", -2.5e-1,"0"\r\n\r\n3,4,1';
    const dataset = await csvDataset(file(text), options);
    expect((await everyRow(dataset)).inputs).toEqual(Float32Array.of(-0.25, 1, 4, 3));
  });

  test("maps words to classes, several columns to a vector, a column to weights", async () => {
    const text = 'kind;a;b;w\n"big; red";1;2;0.5\nsmall;3;4;2\n';
    const dataset = await csvDataset(file(text), {
      inputs: ["a"],
      labels: { kind: "kind", both: ["a", "b"] },
      sampleWeights: { kind: "w" },
      categories: { kind: ["small", "big; red"] },
      delimiter: ";",
    });
    expect(dataset.labelShapes).toEqual({ kind: [], both: [2] });
    expect(await everyRow(dataset)).toEqual({
      inputs: Float32Array.of(1, 3),
      labels: { kind: Float32Array.of(1, 0), both: Float32Array.of(1, 2, 3, 4) },
      sampleWeights: { kind: Float32Array.of(0.5, 2) },
    });
  });

  test("keeps missing labels as NaN where they are allowed", async () => {
    const text = "a,b,y\n1,2,\n3,4,NA\n5,6,nan\n7,8,1\n";
    const dataset = await csvDataset(file(text), { ...options, missingLabels: true });
    const { NaN: none } = Number;
    expect((await everyRow(dataset)).labels.y).toEqual(Float32Array.of(none, none, none, 1));
  });

  test("does not depend on where the ranges cut the text", async () => {
    const text = 'a,b,y,"no\nte"\r\n1,2,0,"a ""quoted"" line\r\nand one more"\r\n3,4,1,é\n5,6,0,\n';
    const whole = await everyRow(await csvDataset(file(text), options));
    expect(whole.inputs).toEqual(Float32Array.of(2, 1, 4, 3, 6, 5));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: text.length + 2 }), async (rangeBytes) => {
        const cut = await csvDataset(file(text), { ...options, rangeBytes });
        expect(await everyRow(cut)).toEqual(whole);
      }),
    );
  });
});

describe("mistakes in a CSV file name their place", () => {
  const options: CsvOptions = { inputs: ["height", "width"], labels: { y: "y" } };
  const message = async (text: string, more: Partial<CsvOptions> = {}) => {
    const reading = csvDataset(file(text), { ...options, rangeBytes: 16, ...more });
    return reading.then(
      () => "none",
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    );
  };
  const rows = (...lines: string[]) => ["height,width,y", ...lines].join("\n");

  test.each<[string, string, Partial<CsvOptions>, RegExp]>([
    ["a word", rows("1,2,0", "1,2,0", "1,x,0"), {}, /malformed.*`width`, row 3 .*Found "x"/],
    ["an empty cell", rows("1,2,0", "1,,0"), {}, /malformed.*`width`, row 2 is empty/],
    ["NaN", rows("NaN,2,0"), {}, /not-finite.*`height`, row 1 .*Found NaN/],
    ["infinity", rows("1,-inf,0"), {}, /not-finite.*`width`, row 1/],
    ["a number over float32", rows("1e39,2,0"), {}, /not-finite.*`height`, row 1/],
    ["a missing label", rows("1,2,"), {}, /malformed.*`y`, row 1 is empty/],
    ["a ragged row", rows("1,2,0", "1,2"), {}, /malformed.*Row 2 should have 3 fields.*Found 2/],
    ["a column unknown", rows("1,2,0"), { inputs: ["hieght"] }, /`hieght`.*`height`/],
    ["a column twice", "height,width,width,y\n1,2,3,0", {}, /2 columns are named `width`/],
    [
      "an unknown word",
      rows("1,2,cot"),
      { categories: { y: ["cat", "dog"] } },
      /`y`, row 1.*`cat`/,
    ],
    [
      "an open quote",
      rows("1,2,0", '1,"2,0', "1,2,0"),
      {},
      /malformed.*In row 2.*QUOTE_NOT_CLOSED/,
    ],
    ["a stray quote", rows("1,2,0", "1,2,0", '1,2"",0'), {}, /malformed.*In row 3.*OPENING_QUOTE/],
    ["an empty file", "", {}, /malformed.*empty/],
  ])("%s", async (_, text, more, expected) => {
    expect(await message(text, more)).toMatch(expected);
  });

  test("the first of each kind and column, all at once, with their number", async () => {
    const text = rows("1,x,0", "1,y,NaN", "1,z,0");
    expect(await message(text)).toBe(
      'data/malformed train.csv: Column `width`, row 1 should be a number. Found "x". ' +
        "(2 more like it.)\n" +
        "train.csv: Column `y`, row 2 should be a finite float32 number. Found NaN.",
    );
  });
});
