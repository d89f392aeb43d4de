import { expect, test } from "vitest";
import { runTransform } from "../test-transforms.ts";
import { expectClose } from "../test-views.ts";
import { adataskAdagrad, adataskAdagradDefinition } from "./adatask-adagrad.ts";

test("a step divides the gradient by the root of the sum of its squares", () => {
  const method = adataskAdagradDefinition.make(adataskAdagrad());
  if (method.form !== "steps") throw new TypeError("not of steps");
  const { rows } = runTransform(method.transform, { rows: [[3], [-4], [12]] });
  expectClose(
    rows.map((row) => row[0]!),
    [1, -0.8, 12 / 13],
  );
  expect(method.reduction).toBe("sum");
});
