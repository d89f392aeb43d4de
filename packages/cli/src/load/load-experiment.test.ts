import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ExperimentError } from "@trunkline/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadExperiment } from "./load-experiment.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trunkline-load-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const definition = `{ kind: "trunkline-experiment", name: "two", options: {}, build: () => ({}) }`;

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function failureOf(path: string): Promise<ExperimentError> {
  const error = await loadExperiment(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ExperimentError);
  return error as ExperimentError;
}

describe("an experiment that loads", () => {
  test("comes with its own files, and without the packages that it imports", async () => {
    await write("common/size.ts", "export const size: number = 2;");
    const path = await write(
      "one/experiment.ts",
      `import { sep } from "node:path";
       import { size } from "../common/size.ts";
       export default { ...${definition}, name: \`two\${size}\${sep.length}\` };`,
    );
    const { definition: found, sources } = await loadExperiment(path);
    expect(found.name).toBe("two21");
    expect(sources.map((source) => source.path)).toEqual(["../common/size.ts", "experiment.ts"]);
  });

  test("has the same hash in another folder, and another one after any edit", async () => {
    const text = `import "./b.ts"; export default ${definition};`;
    const hashes: string[] = [];
    for (const [place, b] of [
      ["x", "1;"],
      ["y/z", "1;"],
      ["w", "2;"],
    ] as const) {
      await write(`${place}/b.ts`, b);
      hashes.push((await loadExperiment(await write(`${place}/a.ts`, text))).sourceHash);
    }
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  test("takes in its own files by whatever name it imports them, and leaves packages outside", async () => {
    await write(
      "package.json",
      JSON.stringify({ imports: { "#lib/*": "./lib/*.ts", "#two": "two", "#path": "node:path" } }),
    );
    await write("tsconfig.json", `{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }`);
    await write("lib/size.ts", "export const size: number = 2;");
    await write("lib/other.ts", "export const other: number = 3;");
    await write("node_modules/two/package.json", `{ "type": "module", "exports": "./two.js" }`);
    await write("node_modules/two/two.js", "export const two = 5;");
    const path = await write(
      "experiment.ts",
      `import { size } from "#lib/size";
       import { other } from "@/other.ts";
       import { two } from "#two";
       import { two as same } from "two";
       import { sep } from "#path";
       export default { ...${definition}, name: [size, other, two, same, sep].join() };`,
    );
    const { definition: found, sources } = await loadExperiment(path);
    expect(found.name).toBe("2,3,5,5,/");
    const names = ["experiment.ts", "lib/other.ts", "lib/size.ts"];
    expect(sources.map((source) => source.path)).toEqual(names);
  });

  test("knows in each file where that lies", async () => {
    const own = "[import.meta.url, import.meta.dirname, import.meta.filename].join()";
    await write("lib/b.ts", `export const b = ${own};`);
    const path = await write(
      "experiment.ts",
      `import { b } from "./lib/b.ts"; export default { ...${definition}, name: ${own} + "," + b };`,
    );
    const { definition: found } = await loadExperiment(path);
    const expected = [path, join(folder, "lib/b.ts")].flatMap((file) => {
      return [pathToFileURL(file).href, dirname(file), file];
    });
    expect(found.name.split(",")).toEqual(expected);
  });

  test("loads in a plain process, from a folder that says nothing of modules", async () => {
    const path = await write(
      "experiment.ts",
      `const name: string = "e"; export default ${definition};`,
    );
    const loader = join(import.meta.dirname, "load-experiment.ts");
    const program = `const { loadExperiment } = await import(${JSON.stringify(loader)});
      process.stdout.write((await loadExperiment(${JSON.stringify(path)})).definition.name);`;
    const flags = ["--conditions=@trunkline/source", "--import", "tsx", "--input-type=module"];
    const ran = await promisify(execFile)(process.execPath, [...flags, "-e", program]);
    expect(ran).toEqual({ stdout: "two", stderr: "" });
  });
});

describe("an experiment that does not load says why", () => {
  test("a name that does not exist, with the near one", async () => {
    await write("examples/experiment.ts", `export default ${definition};`);
    for (const [wrong, remedy] of [
      [
        "exmaples/experiment.ts",
        `There is no \`exmaples\` in ${folder}. Did you mean \`examples\`?`,
      ],
      [
        "examples/experimnt.ts",
        `There is no \`experimnt.ts\` in ${folder}/examples. Did you mean \`experiment.ts\`?`,
      ],
    ] as const) {
      const error = await failureOf(join(folder, wrong));
      expect(error).toMatchObject({ code: "experiment/not-found", remedy });
      expect(error.problems[0]?.path).toBe(join(folder, wrong));
    }
  });

  test("a folder, with the experiment in it", async () => {
    const path = await write("one/experiment.ts", `export default ${definition};`);
    const error = await failureOf(join(folder, "one"));
    expect(error.message).toContain("Found a folder.");
    expect(error.remedy).toContain(path);
  });

  test("syntax errors and missing imports, each with its place", async () => {
    const path = await write("experiment.ts", `import "./gone.ts";\nimport "./b.ts";\n`);
    await write("b.ts", "const a = 1;\nconst  = 2;\n");
    const error = await failureOf(path);
    expect(error.code).toBe("experiment/not-compiled");
    const found = error.problems.map((problem) => `${problem.path} ${problem.message}`);
    expect(found.sort()).toEqual([
      `${join(folder, "b.ts")}:2:8 Expected identifier but found "=".`,
      `${path}:1:8 Could not resolve "./gone.ts".`,
    ]);
  });

  test.each([
    ["none", "export const a = 1;"],
    ["a function", "export default () => ({});"],
    ["an object", "export default { name: 'x' };"],
  ])("a default export that is no experiment: %s", async (found, text) => {
    const error = await failureOf(await write("experiment.ts", text));
    expect(error.code).toBe("experiment/no-definition");
    expect(error.message).toContain(`Found ${found}.`);
  });

  test("what its own code throws, with the cause kept", async () => {
    const error = await failureOf(await write("experiment.ts", `throw new RangeError("no luck");`));
    expect(error.code).toBe("experiment/failed");
    expect(error.message).toContain("RangeError: no luck");
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test("a file of its own package that is missing, by its other name", async () => {
    await write("package.json", `{ "imports": { "#lib/*": "./lib/*.ts" } }`);
    const error = await failureOf(await write("experiment.ts", `import "#lib/gone";`));
    expect(error.code).toBe("experiment/not-compiled");
    expect(error.message).toContain("#lib/gone");
  });

  test("a package that is not installed, by name", async () => {
    const error = await failureOf(await write("experiment.ts", `import "no-such-package-here";`));
    expect(error.code).toBe("experiment/failed");
    expect(error.remedy).toContain("no-such-package-here");
  });
});
