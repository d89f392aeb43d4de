// What a launch may change of an experiment: seed, epochs, schedule, and `--set` of any option or field.

import type { Problem } from "../errors.ts";
import { expected } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { Options, OptionValue } from "./define.ts";

/** Plain data; the coordinator tells it to its workers, who build the same experiment from it. */
export interface Overrides {
  /** Options of the experiment and fields of the run (`optimizer.trunk.learningRate`), as written. */
  readonly set: Readonly<Record<string, string>>;
}

export const noOverrides: Overrides = { set: {} };

export interface AppliedOptions {
  options: Options;
  /** What of `set` is no option of the experiment: fields of the run, by dotted path. */
  fields: Readonly<Record<string, unknown>>;
  problems: Problem[];
}

/** Divides `set` into options of the experiment and fields of the run. */
export function applyOptions(
  defaults: Options,
  set: Overrides["set"],
  runFields: readonly string[],
): AppliedOptions {
  const options: Record<string, OptionValue> = { ...defaults };
  const fields: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [key, text] of Object.entries(set)) {
    const root = key.split(".")[0]!;
    if (Object.hasOwn(defaults, key)) {
      const value = parseLike(defaults[key]!, text);
      if (value === undefined) problems.push(wrongType(key, defaults[key]!, text));
      else options[key] = value;
    } else if (runFields.includes(root)) {
      fields[key] = parseValue(text);
    } else {
      problems.push(unknownKey(key, [...Object.keys(defaults), ...runFields]));
    }
  }
  return { options, fields, problems };
}

/** `settings` with the fields at their dotted paths; copies what it changes. */
export function withFields<T extends object>(settings: T, fields: AppliedOptions["fields"]): T {
  let result: object = settings;
  for (const [path, value] of Object.entries(fields)) {
    result = withField(result, path.split("."), value);
  }
  return result as T;
}

function withField(target: object, path: readonly string[], value: unknown): object {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) return { ...target, [key]: value };
  const inner = (target as Record<string, unknown>)[key];
  const object = typeof inner === "object" && inner !== null ? inner : {};
  return { ...target, [key]: withField(object, rest, value) };
}

function parseLike(example: OptionValue, text: string): OptionValue | undefined {
  if (typeof example === "string") return text;
  const value = parseValue(text);
  return typeof value === typeof example ? (value as OptionValue) : undefined;
}

/** JSON where it is JSON, else the text itself, so that strings need no quotes in a shell. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function wrongType(key: string, example: OptionValue, text: string): Problem {
  return {
    path: `options.${key}`,
    code: "experiment/invalid-value",
    message: expected(key, `a ${typeof example}`, text),
    remedy: `Give a ${typeof example}, as in --set ${key}=${example}.`,
  };
}

function unknownKey(key: string, known: readonly string[]): Problem {
  return {
    path: key,
    code: "experiment/unknown-option",
    message: `There is no option \`${key}\`.${didYouMean(key, known)}`,
    remedy: `Use one of: ${known.join(", ")}.`,
  };
}
