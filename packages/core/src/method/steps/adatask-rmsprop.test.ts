import { expect, test } from "vitest";
import { runTransform } from "../test-transforms.ts";
import { expectClose } from "../test-views.ts";
import { adataskRmsprop, adataskRmspropDefinition } from "./adatask-rmsprop.ts";

test("a step divides the gradient by the root of its mean square", () => {
  const method = adataskRmspropDefinition.make(adataskRmsprop({ decay: 0.75 }));
  if (method.form !== "steps") throw new TypeError("not of steps");
  const { rows } = runTransform(method.transform, { rows: [[2], [-4]] });
  expectClose(
    rows.map((row) => row[0]!),
    [2, -4 / Math.sqrt(4.75)],
  );
  expect(method.reduction).toBe("sum");
});
