// A whole run on this machine: a coordinator in this process, workers in processes of their own.

import type { BackendName } from "@trunkline/worker";
import { type Hosted, type HostOptions, hostRun } from "./run-host.ts";
import { WorkerProcesses } from "./worker-processes.ts";

export interface LocalRunOptions
  extends Pick<
    HostOptions,
    "experiment" | "overrides" | "workers" | "out" | "port" | "consumers" | "say"
  > {
  backend: BackendName | "auto";
  /** Told once the server listens, before there are workers; what it throws ends the run without a trace. */
  listening(host: { url: string; folder: string }): void;
}

export function localRun({ backend, listening, ...options }: LocalRunOptions): Promise<Hosted> {
  const { experiment, workers } = options;
  return hostRun({
    ...options,
    host: "127.0.0.1",
    allowMixed: false,
    listening({ url, folder, abort }) {
      listening({ url, folder });
      return new WorkerProcesses({
        count: workers,
        experiment,
        url,
        backend,
        folder: `${folder}/workers`,
        failed: abort,
      });
    },
  });
}
