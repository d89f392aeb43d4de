// Rules between the packages that the linter cannot see; the import rules are in biome.json.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const packages = readdirSync(join(root, "packages"));

function sources(name: string): string[] {
  const folder = join(root, "packages", name, "src");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path));
}

/** Lines of a package's sources that match, as `path:line text`; comments and tests don't count. */
function matches(name: string, pattern: RegExp): string[] {
  return sources(name)
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) =>
      readFileSync(path, "utf8")
        .split("\n")
        .map((line, at) => ({ line: line.trim(), at: at + 1 }))
        .filter(({ line }) => !/^(\/\/|\/?\*)/.test(line) && pattern.test(line))
        .map(({ line, at }) => `${relative(root, path)}:${at} ${line}`),
    );
}

test("core talks to nothing: no process, timers, clock, chance or network", () => {
  const world =
    /(?<![.\w])(process\.|console\.|setTimeout\(|setInterval\(|setImmediate\(|fetch\(|Date\.now|performance\.now|Math\.random)/;
  expect(matches("core", world)).toEqual([]);
});

test("a relative import stays within its package's sources", () => {
  const strays = packages.flatMap((name) =>
    sources(name).flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(/(?:from|import) "(\.[^"]*)"/g)]
        .map((found) => resolve(path, "..", found[1] as string))
        .filter((target) => !target.startsWith(join(root, "packages", name) + sep))
        .map((target) => `${relative(root, path)} imports ${relative(root, target)}`),
    ),
  );
  expect(strays).toEqual([]);
});

test("every package states version, licence and the Node that it needs", () => {
  for (const name of packages) {
    const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
    expect(manifest, name).toMatchObject({
      license: "MIT",
      type: "module",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      engines: { node: ">=20.19" },
    });
  }
});
