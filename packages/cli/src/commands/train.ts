// `trunkline train`: a coordinator and its workers on this machine.

import type { BackendName } from "@trunkline/worker";
import { localRun } from "../host/local-run.ts";
import { overridesOf, type RunOptions } from "../overrides.ts";
import { type ReportOptions, report } from "../report.ts";

export interface TrainOptions extends RunOptions, ReportOptions {
  workers: number;
  backend: BackendName | "auto";
  out?: string;
  port: number;
}

export async function trainCommand(experiment: string, options: TrainOptions): Promise<number> {
  const { workers, backend, out, port } = options;
  return report(options, (consumers, say) =>
    localRun({
      experiment,
      overrides: overridesOf(options),
      workers,
      backend,
      out,
      port,
      consumers,
      say,
      listening: ({ url, folder }) => say(`Coordinator at ${url}; run folder ${folder}.`),
    }),
  );
}
