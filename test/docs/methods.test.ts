// `docs/methods.md` against the code: every method with its declarations, options and claims, the settings
// of run and routing, and examples that compile.

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  adam,
  defineExperiment,
  type ExperimentSettings,
  errorCodes,
  type Method,
  methodNames,
  methodOf,
  resolveExperiment,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { settingsSchema } from "../../packages/core/src/experiment/settings.ts";
import { type Property, properties } from "../../packages/core/src/method/method.ts";
import { methodOptions, methodSchema } from "../../packages/core/src/method/registry.ts";
import { routingDefaults, routingSchema } from "../../packages/core/src/routing/settings.ts";
import { root, writeExamples } from "./example-files.ts";
import { blocks, page, quoted, rows, section } from "./markdown.ts";

const text = page("methods");

/** Options without which a method means nothing. */
const required: Readonly<Record<string, object>> = { fixed: { weights: [1, 2] } };
const specOf = (name: string) => methodSchema.parse({ kind: name, ...required[name] });
const methods = new Map(
  methodNames.map((name): [string, Method] => [name, methodOf(specOf(name))]),
);

const nameIn = (cell: string | undefined) => quoted(cell!)[0]!;

/** Rows of the tables of a section that begin with a method. */
const byMethod = (heading: string) =>
  rows(section(text, heading).split("\n### ")[0]!).filter(([first]) => methods.has(nameIn(first)));

describe("the table of all methods", () => {
  const table = byMethod("## All methods").map(([name, ...cells]) => ({
    name: nameIn(name),
    idea: cells[0]!,
    source: cells[1]!,
    declared: [nameIn(cells[2]), nameIn(cells[3]), cells[6]!, nameIn(cells[7])],
    state: cells[4]!,
    cost: cells[5]!,
  }));

  test("has every method, in the registry's order", () => {
    expect(table.map(({ name }) => name)).toEqual(methodNames);
  });

  test("says what each declares", () => {
    for (const { name, declared } of table) {
      const { needs, learns, scaleHeads, normalise } = methods.get(name)!;
      expect(declared, name).toEqual([needs, learns, scaleHeads ? "yes" : "no", normalise]);
    }
  });

  test("has an idea for each, and a source with its year but for the two without one", () => {
    for (const { name, idea, source } of table) {
      expect(idea, name).not.toBe("");
      if (name === "ew" || name === "fixed") expect(source).toBe("");
      else expect(source, name).toMatch(/(19|20)\d\d/);
    }
  });

  test("says where state lives, and how many arrays a task has in its worker", () => {
    for (const { name, state } of table) {
      const method = methods.get(name)!;
      expect(state.includes("coordinator"), name).toBe(remembers(method));
      const [, count] = /worker, (?:(\d+) )?P per task/.exec(state) ?? [undefined, "0"];
      expect(Number(count ?? 1), name).toBe(arraysOf(method));
      expect(state === "none", name).toBe(!remembers(method) && arraysOf(method) === 0);
    }
  });

  test("has what follows on the wire from what is declared", () => {
    for (const { name, cost } of table.filter((row) => row.name !== "cr-mogm")) {
      const method = methods.get(name)!;
      const { needs, learns } = method;
      const arrays = arraysOf(method);
      const [, times] = /(?:(\d+) )?M P a phase/.exec(cost) ?? [undefined, "0"];
      expect(cost.includes("(M - S) P"), name).toBe(needs === "gram" || needs === "rows");
      expect(cost.includes("an exchange"), name).toBe(needs === "losses" || needs === "norms");
      expect(Number(times ?? 1), name).toBe(arrays);
      const isFree = needs === "nothing" && learns === "nothing" && arrays === 0;
      expect(cost === "0", name).toBe(isFree);
    }
  });
});

/** Arrays `[P]` of one task in its worker. */
function arraysOf(method: Method): number {
  return method.form === "aggregator" ? 0 : (method.transform?.arrays.length ?? 0);
}

/** Whether the coordinator keeps anything. */
function remembers(method: Method): boolean {
  if (method.form === "steps") return false;
  if (method.form === "weighting") return Object.keys(method.init(2)).length > 0;
  const { arrays } = method.init({ taskCount: 2, length: 1, layerCount: 1 });
  return Object.keys(arrays).length > 0;
}

test("the options of each method, with their defaults, are those of its schema", () => {
  const table = rows(section(text, "### Their options"));
  expect(table.map(([name]) => nameIn(name))).toEqual(methodNames);
  for (const [cell, options] of table) {
    const name = nameIn(cell);
    const shown = quoted(options!).map((option) => option.split(/=(.*)/s));
    expect(shown.map(([option]) => option).sort(), name).toEqual(
      methodOptions({ kind: name }).sort(),
    );
    const spec: Record<string, unknown> = { ...specOf(name) };
    for (const [option, value] of shown) {
      const found = option! in (required[name] ?? {}) ? undefined : spec[option!];
      expect(found, `${name}.${option}`).toEqual(
        value === undefined ? undefined : JSON.parse(value),
      );
    }
  }
});

describe("the properties", () => {
  test("are all named", () => {
    const table = rows(section(text, "## Properties")).map(([first]) => nameIn(first));
    expect(table.slice(0, properties.length)).toEqual([...properties]);
  });

  test("are claimed as declared", () => {
    const table = byMethod("## Properties");
    expect(table.map(([name]) => nameIn(name))).toEqual(methodNames);
    for (const [name, ...cells] of table) {
      const { claims } = methods.get(nameIn(name))!;
      const wanted = properties.map((property) => (claims[property] === true ? "yes" : ""));
      expect(cells, nameIn(name)).toEqual(wanted);
    }
  });

  test("that are not claimed have their reasons, and no others", () => {
    const table = rows(section(text, "## Properties")).filter((row) => row.length === 3);
    const shown = table.flatMap(([property, reason, names]) =>
      quoted(names!).map((name) => `${nameIn(property)} of ${name}: ${reason}`),
    );
    const wanted = properties.flatMap((property) => reasonsAgainst(property));
    expect(shown.sort()).toEqual(wanted.sort());
  });
});

function reasonsAgainst(property: Property): string[] {
  return [...methods].flatMap(([name, { claims }]) => {
    const claim = claims[property];
    return claim === true ? [] : [`${property} of ${name}: ${claim}`];
  });
}

describe("the tables of settings give the defaults", () => {
  const one = { head: () => {}, loss: "huber" };
  const settings = settingsSchema.parse({ trunk: () => {}, tasks: { one } });

  test("of the run", () => {
    for (const [field, shown] of rows(section(text, "## Options of the run"))) {
      const path = nameIn(field);
      const found = path === "method" ? settings.method.kind : at(settings, path);
      expect(found, path).toEqual(shownValue(shown!));
    }
  });

  test("of routing, with every field", () => {
    const table = rows(section(text, "### Settings"));
    const defaults = { routing: routingDefaults() };
    for (const [field, shown] of table) {
      expect(at(defaults, nameIn(field)), field!).toEqual(shownValue(shown!));
    }
    const named = new Set(table.map(([field]) => nameIn(field).split(".")[1]));
    expect([...named]).toEqual(Object.keys(routingSchema.shape));
  });
});

const made: Readonly<Record<string, unknown>> = {
  "adam({ learningRate: 0.005 })": adam({ learningRate: 0.005 }),
};

function shownValue(shown: string): unknown {
  if (shown === "none") return undefined;
  const code = nameIn(shown);
  return made[code] ?? JSON.parse(code);
}

function at(value: unknown, path: string): unknown {
  const step = (inner: unknown, key: string) =>
    (inner as Record<string, unknown> | undefined)?.[key];
  return path.split(".").reduce(step, value);
}

test("the codes that bad input gets are known", () => {
  const codes = quoted(section(text, "## Bad input and what follows")).filter((name) =>
    /^[a-z]+\/[a-z-]+$/.test(name),
  );
  expect(codes.length).toBeGreaterThan(5);
  expect(codes.filter((code) => !Object.hasOwn(errorCodes, code))).toEqual([]);
});

test("each command line of the page gives a method with what it sets", () => {
  const one = { head: () => {}, loss: "huber" };
  const experiment = defineExperiment({
    name: "any",
    build: () =>
      ({
        trunk: () => {},
        tasks: { one, two: one },
        data: { train: {} },
      }) as unknown as ExperimentSettings,
  });
  const [commands] = blocks(text, "sh");
  for (const line of commands!.trim().split("\n")) {
    const pairs = [...line.matchAll(/--set "?([^=]+)=([^\s"]+)/g)].map(([, key, value]) => [
      key!,
      value!,
    ]);
    const { settings } = resolveExperiment(experiment, { set: Object.fromEntries(pairs) });
    for (const [key, value] of pairs) {
      const found = at(settings, key!);
      const kind = (found as { kind?: string }).kind;
      expect(kind ?? JSON.stringify(found), line).toBe(value);
    }
  }
});

test("methods are functions named in camel case, but for one", async () => {
  const core: Record<string, unknown> = await import("@trunkline/core");
  for (const name of methodNames) {
    const camel = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const made = core[name === "log" ? "logLosses" : camel];
    expect(typeof made, name).toBe("function");
  }
});

test("the examples compile", async () => {
  const { folder } = writeExamples(blocks(text, "ts"));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  try {
    const checked = promisify(execFile)(process.execPath, [compiler, "-p", folder]);
    const output = await checked.catch((failed: { stdout: string }) => failed);
    expect(output.stdout).toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
