// `trunkline coordinator`: holds the trunk and waits for workers from anywhere.

import { hostRun } from "../host/run-host.ts";
import { overridesOf, type RunOptions } from "../overrides.ts";
import { type ReportOptions, report } from "../report.ts";

export interface CoordinatorCommandOptions extends RunOptions, ReportOptions {
  workers: number;
  listen: { host: string; port: number };
  out?: string;
  allowMixed: boolean;
}

export async function coordinatorCommand(
  experiment: string,
  options: CoordinatorCommandOptions,
): Promise<number> {
  const { workers, listen, out, allowMixed } = options;
  return report(options, (consumers, say) =>
    hostRun({
      experiment,
      overrides: overridesOf(options),
      workers,
      out,
      ...listen,
      allowMixed,
      consumers,
      say,
      listening({ url, folder }) {
        say(`Coordinator at ${url}; run folder ${folder}.`);
        say(`Waiting for ${workers} of: trunkline worker ${experiment} --connect ${url}`);
        return { end: async () => {}, kill() {} };
      },
    }),
  );
}
