// What differs between the experiment that a run was made with and the one that its module gives today.

import { describeExperiment, EnvironmentError } from "@trunkline/core";
import type { ReadyExperiment } from "../ready.ts";
import type { RunRecord } from "./run-record.ts";

/** In words, the most telling difference; undefined where the experiment is the same. */
export function changeSince(record: RunRecord, ready: ReadyExperiment): string | undefined {
  if (ready.hash === record.hash) return undefined;
  const { name, options, settings } = describeExperiment(ready.prepared);
  const fields = differences(plain({ name, options, settings }), {
    name: record.name,
    options: record.options,
    settings: record.settings,
  });
  if (fields.length > 0) return `it resolves to another ${fields.join(", ")}`;
  const files = changedFiles(record, ready);
  return files.length > 0 ? `${files.join(", ")} changed since` : "its data changed since";
}

export function changed(record: RunRecord, change: string): EnvironmentError {
  return new EnvironmentError(
    "experiment/changed",
    `The experiment ${record.module} is not the one that the run was made with: ${change}.`,
    {
      remedy:
        "Restore it as it was, or evaluate with --allow-changed; figures of two experiments do not compare.",
      details: { module: record.module, change },
    },
  );
}

function changedFiles({ sources }: RunRecord, ready: ReadyExperiment): string[] {
  const before = new Map(sources.map(({ path, hash }) => [path, hash]));
  const now = new Map(ready.sources.map(({ path, hash }) => [path, hash]));
  const paths = [...new Set([...before.keys(), ...now.keys()])];
  return paths.filter((path) => before.get(path) !== now.get(path));
}

/** Dotted paths of the fields in which two JSON values differ. */
function differences(a: unknown, b: unknown, path = ""): string[] {
  if (!isObject(a) || !isObject(b)) return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differences(a[key], b[key], path === "" ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
