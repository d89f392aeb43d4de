// `trunkline train`: a coordinator and its workers on this machine.

import type { BackendName } from "@trunkline/worker";
import { hostRun } from "../host/run-host.ts";
import { WorkerProcesses } from "../host/worker-processes.ts";
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
    hostRun({
      experiment,
      overrides: overridesOf(options),
      workers,
      out,
      host: "127.0.0.1",
      port,
      allowMixed: false,
      consumers,
      say,
      listening({ url, folder, abort }) {
        say(`Coordinator at ${url}; run folder ${folder}.`);
        return new WorkerProcesses({
          count: workers,
          experiment,
          url,
          backend,
          folder: `${folder}/workers`,
          failed: abort,
        });
      },
    }),
  );
}
