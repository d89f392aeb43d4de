// `trunkline evaluate`: losses and metrics of a trained run on one of its splits.

import { basename } from "node:path";
import { ExperimentError, type PreparedExperiment, type Split } from "@trunkline/core";
import { type BackendName, evaluateTasks, TaskTerms } from "@trunkline/worker";
import { scoreTable } from "../display/score-table.ts";
import { changed, changeSince } from "../trained/changes.ts";
import {
  chooseBackendFor,
  openRun,
  openTrained,
  type TrainedRun,
  type WeightsOptions,
} from "../trained/open-run.ts";

export interface EvaluateOptions extends WeightsOptions {
  /** @default the one that the run's result was measured on */
  split?: Split;
  /** @default the run's own */
  backend?: BackendName | "auto";
  /** Evaluate although module or data are not those of the run. */
  allowChanged: boolean;
  json: boolean;
}

export async function evaluateCommand(path: string, options: EvaluateOptions): Promise<void> {
  const run = await openRun(path);
  await chooseBackendFor(run, options.backend);
  const trained = await openTrained(run, options);
  try {
    requireUnchanged(trained, options);
    const { prepared } = trained.ready;
    const split = splitOf(prepared, options.split);
    const terms = new TaskTerms(prepared);
    const tasks = await evaluateTasks(prepared, terms, { tasks: prepared.tasks, split });
    const { checkpoint } = trained;
    const report = { run: basename(run.folder.root), checkpoint, split, tasks };
    const shown = options.json
      ? JSON.stringify(report)
      : `${report.run}, ${checkpoint} weights\n\n${scoreTable(tasks, split).join("\n")}`;
    process.stdout.write(`${shown}\n`);
  } finally {
    await trained.ready.dispose();
  }
}

function requireUnchanged(
  { record, ready }: TrainedRun,
  { allowChanged }: Pick<EvaluateOptions, "allowChanged">,
): void {
  const change = changeSince(record, ready);
  if (change === undefined) return;
  if (!allowChanged) throw changed(record, change);
  process.stderr.write(`warning: the experiment is not the run's: ${change}.\n`);
}

/** As for a run's result: the test split, or validation where there is none. */
function splitOf({ sources }: PreparedExperiment, wanted: Split | undefined): Split {
  const hasTest = sources.every((source) => source.splits.test !== undefined);
  if (wanted !== "test" || hasTest) return wanted ?? (hasTest ? "test" : "validation");
  throw new ExperimentError([
    {
      path: "data.test",
      code: "data/empty",
      message: "The experiment has no test split.",
      remedy: "Choose `--split validation`, or add `test` to the data.",
    },
  ]);
}
