// `trunkline coordinator`: holds the trunk and waits for workers from anywhere.

import { hostname } from "node:os";
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
      listening({ url: own, folder }) {
        const url = urlForOthers(own, listen.host);
        say(`Coordinator at ${url}; run folder ${folder}.`);
        say(`Waiting for ${workers} of: trunkline worker ${experiment} --connect ${url}`);
        return { end: async () => {}, kill() {} };
      },
    }),
  );
}

/**
 * The address to give to workers, from `url`, as this machine reaches itself. Who listens on all interfaces
 * expects workers from other machines; they know this one by its name.
 */
export function urlForOthers(url: string, listening: string): string {
  if (listening !== "0.0.0.0" && listening !== "::") return url;
  return `http://${hostname()}:${new URL(url).port}`;
}
