// The error family. Every error that a user can meet has a code from `codes.ts`, the offending values
// as fields and a remedy; the sentence is built here, so that its wording cannot drift.

import type { ErrorCode } from "./codes.ts";

export interface ErrorOptions {
  /** What to do about it, as an imperative sentence. */
  remedy: string;
  /** The offending values, for programs. */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** Base of all errors that Trunkline throws on purpose. */
export class TrunklineError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }
}

/** One mistake in an experiment: where it is, what is wrong, what to do. */
export interface Problem {
  /** Path of the field, as `tasks.left.loss`. */
  path: string;
  code: ErrorCode;
  message: string;
  remedy: string;
}

/** Mistakes in an experiment, its data or its options; all that were found, not only the first. */
export class ExperimentError extends TrunklineError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const first = problems[0];
    if (first === undefined) throw new RangeError("an ExperimentError needs a problem");
    const lines = problems.map((problem) => `${problem.path}: ${problem.message}`);
    super(first.code, lines.join("\n"), {
      remedy: [...new Set(problems.map((problem) => problem.remedy))].join("\n"),
      details: { problems },
    });
    this.problems = problems;
  }
}

/** A message that breaks the protocol. The peer is told before it is closed. */
export class ProtocolError extends TrunklineError {}

/** The machine lacks something: a backend, a port, a file, disk space. */
export class EnvironmentError extends TrunklineError {}

/** A run that cannot go on. */
export class RunError extends TrunklineError {}

/** *Parameter `x` should be A. Found B.* */
export function expected(parameter: string, should: string, found: unknown): string {
  return `Parameter \`${parameter}\` should be ${should}. Found ${show(found)}.`;
}

/** A value as error messages show it: strings quoted, arrays as shapes. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "function") return "a function";
  if (typeof value === "string" || (typeof value === "object" && value !== null)) {
    return JSON.stringify(value);
  }
  return String(value);
}
