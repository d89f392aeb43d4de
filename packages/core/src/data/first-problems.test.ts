import { expect, test } from "vitest";
import type { Problem } from "../errors.ts";
import { firstProblems } from "./first-problems.ts";

const problem = (message: string): Problem => ({
  path: "data",
  code: "data/not-finite",
  message,
  remedy: "Correct it.",
});

test("the first of each kind is told, with the number of others", () => {
  const problems = firstProblems();
  for (const row of [3, 4, 5]) problems.add("a", () => problem(`Row ${row}.`));
  problems.add("b", () => problem("Row 9."));
  const messages = problems.list().map(({ message }) => message);
  expect(messages).toEqual(["Row 3. (2 more like it.)", "Row 9."]);
});

test("many kinds are cut to a few and a count", () => {
  const problems = firstProblems(2);
  for (const kind of ["a", "b", "c", "d", "e"]) problems.add(kind, () => problem(kind));
  const messages = problems.list().map(({ message }) => message);
  expect(messages).toEqual(["a", "b", "c (3 such columns in all.)"]);
});
