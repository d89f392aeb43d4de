import { expect, test } from "vitest";
import { comparisonCsv } from "./csv.ts";
import { rowsOf } from "./summary.ts";
import { done, failed, measures } from "./test-outcomes.ts";

const outcomes = [
  done(["single", "left", 0], { left: 0.5 }),
  done(["single", "right", 0], { right: 2 }),
  done(["method", "ew", 0], { left: 0.75, right: 2, conflicts: 0.5 }),
  failed(["method", "fixed:weights=[1,2]", 0]),
];

test("there is a line for each run, and one for each row of the table", () => {
  const lines = comparisonCsv(outcomes, rowsOf(outcomes, measures), measures).split("\r\n");
  expect(lines).toEqual([
    "line,kind,name,seed,seeds,status,folder,error,left.accuracy,left.accuracy.sd,right.loss,right.loss.sd,gain,gain.sd,conflicts,conflicts.sd,seconds,seconds.sd,bytes,bytes.sd",
    "run,single,left,0,1,finished,left-seed0,,0.5,,,,,,,,2,,3000000,",
    "run,single,right,0,1,finished,right-seed0,,,,2,,,,,,2,,3000000,",
    "run,method,ew,0,1,finished,ew-seed0,,0.75,,2,,0.25,,0.5,,2,,3000000,",
    'run,method,"fixed:weights=[1,2]",0,1,failed,"fixed:weights=[1,2]-seed0","run/not-finite: The loss of ""left"" is NaN.",,,,,,,,,,,,',
    "summary,single,single-task,,1,finished,,,0.5,,2,,0,,,,4,,6000000,",
    "summary,method,ew,,1,finished,,,0.75,,2,,0.25,,0.5,,2,,3000000,",
    'summary,method,"fixed:weights=[1,2]",,0,failed,,run/not-finite,,,,,,,,,,,,',
    "",
  ]);
});
