import { expect, test } from "vitest";
import { checkMachine, isAtLeast } from "./checks.ts";

test("versions compare number by number", () => {
  expect(isAtLeast("20.19.0", "20.19")).toBe(true);
  expect(isAtLeast("22.0.0", "20.19")).toBe(true);
  expect(isAtLeast("20.9.9", "20.19")).toBe(false);
  expect(isAtLeast("18.20.4", "20.19")).toBe(false);
});

test("a machine that runs the tests is well", async () => {
  const checks = await checkMachine();
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
});
