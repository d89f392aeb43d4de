// What a run tells the person who started it: progress while it goes on, the result at its end. Progress
// goes to stderr, the result to stdout.

import type { RunEvent, RunResult } from "@trunkline/core";
import { createProgress } from "./display/progress.ts";
import { resultTable } from "./display/result-table.ts";
import { interruptedStatus } from "./host/interrupt.ts";
import { printError } from "./print-error.ts";

export interface ReportOptions {
  /** The last line of stdout is the result as JSON, in place of the table. */
  json: boolean;
}

type Consumer = (event: RunEvent) => void;
type Run = (
  consumers: readonly Consumer[],
  say: (line: string) => void,
) => Promise<{ result: RunResult; folder: string }>;

/** Runs with a progress display; the exit status is the process's. */
export async function report({ json }: ReportOptions, run: Run): Promise<number> {
  const progress = createProgress(process.stderr);
  let failure: (RunEvent & { type: "runFailed" }) | undefined;
  const watch: Consumer = (event) => {
    if (event.type === "runFailed") failure = event;
  };
  try {
    const { result, folder } = await run([progress.show, watch], progress.say);
    progress.end();
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (result.status !== "failed") process.stdout.write(`${resultTable(result, folder)}\n`);
    if (failure !== undefined) printError(failure);
    return statusOf(result);
  } finally {
    progress.end();
  }
}

function statusOf({ status }: RunResult): number {
  if (status === "finished") return 0;
  return status === "stopped" ? interruptedStatus : 1;
}
