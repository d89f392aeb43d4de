// The commands that the README shows exist, with their options and files. That they work is what the
// other tests of this folder show.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { buildProgram } from "../src/program.ts";

const root = resolve(import.meta.dirname, "../../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const prefix = "npm run -s trunkline -- ";
const shown = readme
  .split("\n")
  .filter((line) => line.startsWith(prefix))
  .map((line) => line.slice(prefix.length).split(" "));

test("the README shows every command", () => {
  const names = buildProgram().commands.map((command) => command.name());
  expect([...new Set(shown.map(([name]) => name))].sort()).toEqual(names.sort());
});

test.each(shown)("README: trunkline %s", (name, ...args) => {
  const command = buildProgram().commands.find((each) => each.name() === name)!;
  const options = command.options.map(({ long }) => long);
  expect(options).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith("--"))));
  for (const file of args.filter((arg) => arg.endsWith(".ts"))) {
    expect(existsSync(join(root, file)), file).toBe(true);
  }
});

test("files and folders that the README names exist", () => {
  const named = [
    ...readme.matchAll(/(?:^|[`\s])((?:docs|packages|examples|bench|scripts)\/[\w./-]+)/gm),
  ];
  const missing = named.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});
