// The page's examples as files, with the data that they read, in a folder from which the workspace's packages
// resolve.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

/** A new folder with one file per example; the caller removes it. */
export function writeExamples(examples: readonly string[]): { folder: string; files: string[] } {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "trunkline-docs-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const files = examples.map((text, i) => {
    const name = /^\/\/ ([\w-]+)\.ts\n/.exec(text)?.[1] ?? `fragment-${i}`;
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, text);
    return file;
  });
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig(files)));
  for (const [name, content] of Object.entries(data)) writeFileSync(join(folder, name), content);
  return { folder, files };
}

const tsconfig = (files: readonly string[]) => ({
  extends: join(root, "tsconfig.json"),
  compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
  include: [],
  files,
});

const numbers = Array.from({ length: 40 }, (_, i) => i);

/** Files that the examples open. */
const data = {
  "hours.csv": csv("speed,load,hours", (i) => [i / 40, (i % 7) / 7, 40 - i]),
  "state.csv": csv("speed,load,state,trust", (i) => [
    i / 40,
    (i % 5) / 5,
    ["idle", "normal", "worn", ""][i % 4]!,
    1 + (i % 2),
  ]),
  "x.npy": npy([40, 3], (i) => Math.sin(i)),
  "y.npy": npy([40], (i) => Math.cos(i)),
};

function csv(header: string, row: (i: number) => readonly (string | number)[]): string {
  return `${[header, ...numbers.map((i) => row(i).join(","))].join("\n")}\n`;
}

function npy(shape: readonly number[], value: (i: number) => number): Uint8Array {
  const axes = shape.map((length) => `${length},`).join(" ");
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${axes}), }`;
  const header = `${dictionary.padEnd(117)}\n`;
  const length = shape.reduce((product, axis) => product * axis, 1);
  const values = Float32Array.from({ length }, (_, i) => value(i));
  const magic = Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0);
  return Buffer.concat([magic, Buffer.from(header), new Uint8Array(values.buffer)]);
}
