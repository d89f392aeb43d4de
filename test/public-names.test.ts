// The names that other programs may import, frozen: one that goes or comes is a change to think about, and
// a line of the changelog.

import * as coordinator from "@trunkline/coordinator";
import * as core from "@trunkline/core";
import * as wire from "@trunkline/core/wire";
import * as worker from "@trunkline/worker";
import { expect, test } from "vitest";

const packages = { core, "core/wire": wire, coordinator, worker };

test("the public names are those that are written down", async () => {
  const names = Object.entries(packages).flatMap(([name, exported]) =>
    Object.keys(exported)
      .sort()
      .map((each) => `@trunkline/${name} ${each}`),
  );
  await expect(`${names.join("\n")}\n`).toMatchFileSnapshot("public-names.txt");
});

test("transports find the same things under both entries", () => {
  const all = new Map<string, unknown>(Object.entries(core));
  for (const [name, value] of Object.entries(wire)) expect(all.get(name), name).toBe(value);
});
