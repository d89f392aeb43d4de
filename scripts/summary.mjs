// Turns vitest's JSON report into the last line of a CI run: `N passed, N failed`, with `, N skipped`
// where there are any. Checks before the tests are counted along.
//
//   node scripts/summary.mjs REPORT PASSED_CHECKS FAILED_CHECKS    exit status 1 if anything failed

import { readFileSync } from "node:fs";

const [report, passedChecks, failedChecks] = process.argv.slice(2);
const { passed, failed, skipped } = counts(report);
const allPassed = passed + Number(passedChecks);
const allFailed = failed + Number(failedChecks);

process.stdout.write(
  `${allPassed} passed, ${allFailed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
);
if (allFailed > 0) process.exitCode = 1;

function counts(path) {
  let vitest;
  try {
    vitest = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // The runner died before it could write: that is one failure, whatever ran before it.
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A file that does not load has no tests in it to fail.
  const broken = vitest.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((t) => t.status !== "failed"),
  ).length;
  const failed = vitest.numFailedTests + broken;
  return {
    passed: vitest.numPassedTests,
    // Errors outside of any test fail the run without failing a test.
    failed: failed === 0 && !vitest.success ? 1 : failed,
    skipped: vitest.numPendingTests + vitest.numTodoTests,
  };
}
