// From what the schema library finds to the problems that users read.

import type { z } from "zod";
import type { ErrorCode } from "../codes.ts";
import { expected, type Problem } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { fieldsAt } from "./settings.ts";

type Issue = z.core.$ZodIssue;

/** One problem per issue; `root` is what was validated, to show what was found. */
export function problemsOf(issues: readonly Issue[], root: unknown): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, root));
}

function problemsOfIssue(issue: Issue, root: unknown): Problem[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownField(issue, key, root));
  if (issue.code === "invalid_union" && issue.errors.length > 0) return unionProblem(issue, root);
  return [invalid(issue.path, wanted(issue), root, codeOf(issue))];
}

/** A union fails in each of its members; the one that came furthest says most. */
function unionProblem(issue: Issue & { code: "invalid_union" }, root: unknown): Problem[] {
  const candidates = issue.errors.filter((errors) => errors.length > 0);
  const depth = (errors: readonly Issue[]) => Math.max(...errors.map((error) => error.path.length));
  const nested = candidates.filter((errors) => depth(errors) > 0);
  const chosen = nested[0] ?? candidates.find((errors) => errors[0]!.code === "invalid_value");
  const errors = chosen ?? candidates[0]!;
  return errors.flatMap((error) =>
    problemsOfIssue({ ...error, path: [...issue.path, ...error.path] } as Issue, root),
  );
}

function wanted(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `of type ${issue.expected}`;
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "invalid_key":
      return "named with letters, digits, `_`, `.` and `-`";
    case "invalid_union":
      return oneOf(issue.message);
    default:
      return issue.message;
  }
}

/** The names of a discriminated union, which the library gives in its sentence only. */
function oneOf(message: string): string {
  const names = [...message.matchAll(/'([^']+)'/g)].map((match) => `"${match[1]}"`);
  return names.length === 0 ? message : `one of ${names.join(", ")}`;
}

function codeOf(issue: Issue): ErrorCode {
  const named = issue.code === "invalid_value" || issue.code === "invalid_union";
  return named || issue.code === "custom" ? "experiment/unknown-name" : "experiment/invalid-value";
}

function invalid(path: Issue["path"], should: string, root: unknown, code: ErrorCode): Problem {
  const found = valueAt(root, path);
  const names = [...should.matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
  const hint = typeof found === "string" ? didYouMean(found, names) : "";
  const field = pathText(path);
  const isName = code === "experiment/unknown-name" && typeof found === "string";
  return {
    path: field,
    code: isName ? code : "experiment/invalid-value",
    message: expected(field, should, found) + hint,
    remedy: `Set \`${field}\` to ${should.startsWith("of type") ? `a value ${should}` : should}.`,
  };
}

function unknownField(issue: Issue, key: string, root: unknown): Problem {
  const field = pathText([...issue.path, key]);
  const known = fieldsAt(issue.path, valueAt(root, issue.path));
  return {
    path: field,
    code: "experiment/unknown-option",
    message: `There is no field \`${field}\`.${didYouMean(key, known)}`,
    remedy: `Remove it or correct its name; the fields are listed in docs/${issue.path[0] === "method" ? "methods" : "experiments"}.md.`,
  };
}

function valueAt(root: unknown, path: Issue["path"]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    root,
  );
}

const pathText = (path: Issue["path"]) => path.map(String).join(".");
