import { expect, test } from "vitest";
import { noiseRow, runTransform } from "../test-transforms.ts";
import { adataskAdam, adataskAdamDefinition } from "./adatask-adam.ts";
import { mao, maoDefinition } from "./mao.ts";

test("steps are those of MAO, and are added up unless asked otherwise", () => {
  const adaTask = adataskAdamDefinition.make(adataskAdam());
  const reference = maoDefinition.make(mao());
  if (adaTask.form !== "steps" || reference.form !== "steps") throw new TypeError("not of steps");
  const rows = [1, 2, 3].map((seed) => noiseRow(8, seed));
  expect(runTransform(adaTask.transform, { rows })).toEqual(
    runTransform(reference.transform, { rows }),
  );
  expect([adaTask.reduction, reference.reduction]).toEqual(["sum", "mean"]);
  expect(adataskAdamDefinition.make(adataskAdam({ reduction: "mean" }))).toMatchObject({
    reduction: "mean",
  });
});
