// `docs/errors.md` against the table of codes and the limits that its sentences name.

import { defaultLimits, errorCodes } from "@trunkline/core";
import { expect, test } from "vitest";
import { page, quoted, rows } from "./markdown.ts";

const text = page("errors");
const entries = rows(text)
  .filter(([code]) => code!.includes("/"))
  .map(([code, meaning, when, remedy]) => ({ code: quoted(code!)[0]!, meaning, when, remedy }));

test("the page has every code with its meaning, in order, and no others", () => {
  const described = entries.map(({ code, meaning }) => [code, meaning]);
  expect(described).toEqual(Object.entries(errorCodes));
});

test("every code says when it comes and what to do", () => {
  const silent = entries.filter(({ when, remedy }) => !when || !remedy);
  expect(silent).toEqual([]);
});

test("the largest tensor is the limit's", () => {
  expect(text).toContain(
    `no tensor may have more than ${defaultLimits.maxTensorBytes / 4} numbers`,
  );
});
