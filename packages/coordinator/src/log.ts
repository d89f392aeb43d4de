// The run's log: the event stream as pino lines, bound to run, worker and round. Another consumer of the
// stream; it knows nothing that the stream does not say.

import type { EnvironmentError, RunEvent } from "@trunkline/core";
import { type Logger, pino } from "pino";
import { fileError } from "./run-folder/file-error.ts";

/** Where each type of event stands among the levels; the rest is `info`. */
const levels: Partial<Record<RunEvent["type"], "debug" | "warn" | "error">> = {
  step: "debug",
  headProgress: "debug",
  balance: "debug",
  dominance: "debug",
  methodFallback: "warn",
  workerRefused: "warn",
  warning: "warn",
  runFailed: "error",
};

export interface RunLog {
  show(event: RunEvent): void;
  /** Settles once everything is in the file and that is closed; rejects where it could not all be written. */
  close(): Promise<void>;
}

/**
 * A log of JSON lines in a file. Where that cannot be written any more it ends there: the events file, which
 * says the same, ends the run then.
 */
export function openRunLog(file: string, run: string): RunLog {
  const destination = pino.destination({ dest: file, sync: false });
  let failure: EnvironmentError | undefined;
  let closing = false;
  const settled = new Promise<void>((resolve) => {
    destination.once("close", resolve);
    destination.on("error", (cause) => {
      failure ??= fileError(file, "write", cause);
      destination.destroy();
      resolve();
    });
  });
  const show = runLogger(pino({ base: null }, destination), run);
  return {
    show(event) {
      if (failure === undefined && !closing) show(event);
    },
    async close() {
      closing = true;
      if (failure === undefined) destination.end();
      await settled;
      if (failure !== undefined) throw failure;
    },
  };
}

/**
 * A listener for the event stream. Lines are bound to the run; those about a worker to the worker, and
 * those about a round to its trunk version.
 */
export function runLogger(logger: Logger, run: string): (event: RunEvent) => void {
  const bound = logger.child({ run });
  const members = new Map<string, Logger>();
  const loggerOf = (event: RunEvent): Logger => {
    if (!("member" in event)) {
      return event.type === "step" ? bound.child({ round: event.trunkVersion }) : bound;
    }
    const known = members.get(event.member) ?? bound.child({ worker: event.member });
    members.set(event.member, known);
    return known;
  };
  return (event) => {
    const { type, sequence: _, timeMs: __, ...fields } = event;
    loggerOf(event)[levels[type] ?? "info"](fields, type);
  };
}
