// `docs/experiments.md` against the code: every field with its range and default, every name, and examples
// that compile and train.

import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  adam,
  ateSg,
  constant,
  cosine,
  defineExperiment,
  type ExperimentSettings,
  ew,
  exponential,
  type LearningRate,
  learningRateAt,
  lossOutputs,
  plateau,
  resolveExperiment,
  sgd,
  stepDecay,
} from "@trunkline/core";
import { afterAll, describe, expect, test } from "vitest";
import { settingsSchema } from "../../packages/core/src/experiment/settings.ts";
import { lossNames } from "../../packages/core/src/loss/names.ts";
import { metricNames } from "../../packages/core/src/metrics/registry.ts";
import { learningRateSchema } from "../../packages/core/src/optimizer/learning-rate.ts";
import { optimizerSchema } from "../../packages/core/src/optimizer/spec.ts";
import { root, writeExamples } from "./example-files.ts";
import { blocks, page, quoted, rows, section } from "./markdown.ts";

const text = page("experiments");

const minimalTask = { head: () => {}, loss: "huber" };
const minimal = { trunk: () => {}, tasks: { one: minimalTask }, data: { train: {} } };

/** A field as a table has it. */
interface Field {
  path: string;
  value: string;
  shown: string;
}

const [ofRun, ofTask] = ["run", "task"].map((_, table) =>
  tables(section(text, "## Fields"))[table]!.map(
    ([path, value, shown]): Field => ({ path: quoted(path!)[0]!, value: value!, shown: shown! }),
  ),
) as [Field[], Field[]];
const ofOptimizers = rows(section(text, "## Optimizers")).map(
  ([kind, path, value, shown]) =>
    [quoted(kind!)[0]!, { path: quoted(path!)[0]!, value: value!, shown: shown! }] as const,
);

describe("the tables of fields", () => {
  const taskSchema = unwrapped(settingsSchema.shape.tasks).def!.valueType!;

  test("have every field of the schemas, and no others", () => {
    expect(ofRun.map(({ path }) => path)).toEqual(leaves(settingsSchema));
    expect(ofTask.map(({ path }) => path)).toEqual(leaves(taskSchema));
  });

  test("have every field that the types promise", () => {
    const run = new Set(ofRun.map(({ path }) => path.split(".")[0]));
    expect(members("experiment/define.ts", "ExperimentSettings").sort()).toEqual([...run].sort());
    expect(members("experiment/define.ts", "TaskDefinition").sort()).toEqual(
      ofTask.map(({ path }) => path).sort(),
    );
  });

  test("give the defaults", () => {
    const settings = settingsSchema.parse({ ...minimal, data: undefined });
    for (const field of ofRun) expectDefault(field, settings);
    for (const field of ofTask) expectDefault(field, settings.tasks.one!);
  });

  test("give the ranges, as the schemas draw them", () => {
    for (const { path, value } of ofRun) expectRange(value, (n) => accepted(minimal, path, n));
    for (const { path, value } of ofTask) {
      expectRange(value, (n) => accepted(minimal, `tasks.one.${path}`, n));
    }
  });
});

describe("the table of optimizers", () => {
  test("has every field of every optimizer, and no others", () => {
    const wanted = optimizerSchema.options.flatMap(({ shape }) =>
      Object.keys(shape)
        .filter((key) => key !== "kind")
        .map((key) => `${shape.kind.value} ${key}`),
    );
    expect(ofOptimizers.map(([kind, { path }]) => `${kind} ${path}`)).toEqual(wanted);
  });

  test("gives defaults and ranges", () => {
    for (const [kind, field] of ofOptimizers) {
      const spec = { kind, learningRate: 0.1 };
      if (field.shown === "required") {
        expect(optimizerSchema.safeParse({ kind }).success).toBe(false);
      } else {
        const bare = field.path === "learningRate" ? { kind } : spec;
        expectDefault(field, optimizerSchema.parse(bare));
      }
      expectRange(field.value, (n) => {
        return optimizerSchema.safeParse({ ...spec, [field.path]: n }).success;
      });
    }
  });
});

describe("the options of readers are those of their types", () => {
  test.each([
    ["Options of `arrayDataset`:", "data/array-dataset.ts", "ArrayDatasetOptions"],
    ["Options of `rowDataset`:", "data/row-dataset.ts", "RowDatasetOptions"],
    ["Options of `csvDataset`:", "data/csv.ts", "CsvOptions"],
  ])("%s", (caption, file, type) => {
    const table = tables(text.slice(text.indexOf(caption)))[0]!;
    expect(table.map(([name]) => quoted(name!)[0])).toEqual(members(file, type));
  });
});

describe("names", () => {
  test("of losses, with what they want of labels, outputs and weights", () => {
    const table = rows(section(text, "## Losses and labels"));
    expect(table.map(([name]) => quoted(name!)[0])).toEqual(lossNames);
    for (const [name, , , labels, outputs, weights] of table) {
      const wanted = lossOutputs(quoted(name!)[0] as (typeof lossNames)[number]);
      expect(labels!.split(":")[0]).toBe(wanted.labels);
      expect(outputs).toBe(`D ≥ ${wanted.minOutputs}`);
      expect(quoted(weights!)).toEqual([
        ...(wanted.classWeights ? ["classWeights"] : []),
        ...(wanted.positiveWeight ? ["positiveWeight"] : []),
      ]);
    }
  });

  test("of metrics", () => {
    const table = rows(section(text, "## Metrics")).map(([name]) => quoted(name!)[0]);
    expect(table).toEqual(metricNames);
  });

  test("of layers that are refused", () => {
    const source = readFileSync(join(root, "packages/core/src/model/random-layers.ts"), "utf8");
    const [, entries] = /const randomLayers[^{]*{\n(.*?)\n};/s.exec(source)!;
    const refused = [...entries!.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
    const table = rows(section(text, "## Trunk and heads")).map(([name]) => quoted(name!)[0]);
    expect(table).toEqual(refused);
  });

  test("of readers are exported", async () => {
    const core: Record<string, unknown> = await import("@trunkline/core");
    const readers = tables(section(text, "## Data"))[1]!.map(([call]) => quoted(call!)[0]!);
    for (const call of readers) expect(typeof core[call.split("(")[0]!], call).toBe("function");
  });
});

describe("learning rates", () => {
  const table = rows(section(text, "## Learning rates"));
  const shown: Record<string, LearningRate> = {
    "constant(0.1)": constant(0.1),
    "stepDecay({ initial: 0.1, factor: 0.5, every: 2 })": stepDecay({
      initial: 0.1,
      factor: 0.5,
      every: 2,
    }),
    "cosine({ initial: 0.1, epochs: 2 })": cosine({ initial: 0.1, epochs: 2 }),
    "exponential({ initial: 0.1, decay: 0.5 })": exponential({ initial: 0.1, decay: 0.5 }),
    "plateau({ initial: 0.1 })": plateau({ initial: 0.1 }),
  };

  test("are those of the examples, one for each schedule", () => {
    for (const [, , example, rates] of table) {
      const rate = shown[quoted(example!)[0]!]!;
      const found = [0, 1, 2, 3].map((epoch) => learningRateAt(rate, epoch, 100));
      expect(found.map((value) => Number(value.toFixed(6))).join(", ")).toBe(rates);
    }
    const [, schedules] = learningRateSchema.options;
    expect(table.length).toBe(schedules.options.length);
  });

  test("name every parameter of a plateau with its default", () => {
    const { schedule, initial, ...parameters } = plateau({ initial: 0.1 });
    for (const [name, value] of Object.entries(parameters)) {
      const shownAs = value === 1e-4 ? "1e-4" : String(value);
      const pattern = new RegExp(`\`${name}\`[^.\`]*?\\(default ${shownAs}[ )]`);
      expect(section(text, "## Learning rates"), name).toMatch(pattern);
    }
  });
});

test("each `--set` of the table does what it says", () => {
  const experiment = defineExperiment({
    name: "any",
    build: () => minimal as unknown as ExperimentSettings,
  });
  for (const [set, path, value] of rows(section(text, "## Options"))) {
    const [, key, assigned] = /^([^=]+)=(.*)$/.exec(quoted(set!)[0]!)!;
    const { settings } = resolveExperiment(experiment, { set: { [key!]: assigned! } });
    expect(at(settings, quoted(path!)[0]!), set!).toEqual(JSON.parse(quoted(value!)[0]!));
  }
});

describe("the examples", () => {
  const examples = blocks(text, "ts");
  const { folder, files } = writeExamples(examples);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = promisify(execFile);

  test("compile", async () => {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const checked = run(process.execPath, [compiler, "-p", folder]);
    const output = await checked.catch((failed: { stdout: string }) => failed);
    expect(output.stdout).toBe("");
  });

  test("train, where they are whole experiments", async () => {
    const whole = files.filter((_, i) => examples[i]!.includes("export default defineExperiment"));
    const script = resolve(import.meta.dirname, "run-examples.ts");
    const flags = ["--conditions=@trunkline/source", "--import", "tsx"];
    const { stdout } = await run(process.execPath, [...flags, script, ...whole], { cwd: root });
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    const results = lines.map((line) => JSON.parse(line) as { status: string });
    expect(results.map(({ status }) => status)).toEqual(whole.map(() => "finished"));
  });
});

// Schemas

/** What a schema of zod says of itself, as far as it is asked here. */
interface Schema {
  def?: { innerType?: object; valueType?: object };
  shape?: Readonly<Record<string, object>>;
}

/** Without default and `optional`. */
function unwrapped(schema: object): Schema {
  const known: Schema = schema;
  const inner = known.def?.innerType;
  return inner === undefined ? known : unwrapped(inner);
}

/** Dotted paths of the fields inside objects; unions and records are single fields. */
function leaves(schema: object, path = ""): string[] {
  const { shape } = unwrapped(schema);
  if (shape === undefined) return [path];
  return Object.entries(shape).flatMap(([key, inner]) =>
    leaves(inner, path === "" ? key : `${path}.${key}`),
  );
}

/** Whether the schema takes the value at a path, where its neighbours have what they need. */
function accepted(base: object, path: string, value: unknown): boolean {
  const early = path.startsWith("earlyStopping.") ? { earlyStopping: { patience: 1 } } : {};
  return settingsSchema.safeParse(withValue({ ...base, ...early }, path.split("."), value)).success;
}

function withValue(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const inner = (target as Record<string, unknown> | undefined)?.[key];
  return { ...(target as object), [key]: withValue(inner, rest, value) };
}

/** Asks `accepts` on both sides of each bound of a range as the page writes it. */
function expectRange(range: string, accepts: (value: unknown) => boolean): void {
  const least = Number(/≥ (\d+)/.exec(range)?.[1]);
  const over = Number(/> (\d+)/.exec(range)?.[1]);
  const under = Number(/< (\d+)/.exec(range)?.[1]);
  const list = range.startsWith("numbers");
  const take = (value: number) => accepts(list ? [value] : value);
  if (least >= 0) expect([take(least), take(least - 1)], range).toEqual([true, false]);
  if (over >= 0) expect([take(over + 0.5), take(over)], range).toEqual([true, false]);
  if (under >= 0) expect([take(under - 0.5), take(under)], range).toEqual([true, false]);
  if (range.startsWith("whole number")) expect(take(least + 0.5), range).toBe(false);
  if (range === "boolean") expect([accepts(true), accepts(1)], range).toEqual([true, false]);
}

const madeByFunctions: Record<string, unknown> = {
  "ateSg()": ateSg(),
  "ew()": ew(),
  "adam({ learningRate: 0.005 })": adam({ learningRate: 0.005 }),
  "sgd({ learningRate: 0.01 })": sgd({ learningRate: 0.01 }),
};

/** Early stopping is off by default; its own fields' defaults hold where it is on. */
function expectDefault({ path, shown }: Field, settings: object): void {
  if (shown === "required") return;
  const on = { earlyStopping: { patience: 1 } };
  const filled = path.startsWith("earlyStopping.m") || path.startsWith("earlyStopping.r");
  const found = at(filled ? settingsSchema.parse({ ...minimal, ...on }) : settings, path);
  if (shown === "none") return expect(found, path).toBeUndefined();
  const [code] = quoted(shown) as [string];
  expect(found, path).toEqual(madeByFunctions[code] ?? JSON.parse(code));
}

function at(value: unknown, path: string): unknown {
  const step = (inner: unknown, key: string) =>
    (inner as Record<string, unknown> | undefined)?.[key];
  return path.split(".").reduce(step, value);
}

// Sources and pages

/** Names of an interface's own members, in order. */
function members(file: string, name: string): string[] {
  const source = readFileSync(join(root, "packages/core/src", file), "utf8");
  const [, body] = new RegExp(`export interface ${name} {\n(.*?)\n}`, "s").exec(source)!;
  return [...body!.matchAll(/^ {2}(\w+)\??:/gm)].map(([, member]) => member!);
}

/** The tables of a text, one after another. */
function tables(of: string): string[][][] {
  return of
    .split(/\n(?!\|)/)
    .map((part) => rows(`\n${part}`))
    .filter((table) => table.length > 0);
}
