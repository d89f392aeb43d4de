// The run's log: the event stream as pino lines, bound to run, worker and round. Another consumer of the
// stream; it knows nothing that the stream does not say.

import type { RunEvent } from "@trunkline/core";
import { type Logger, pino } from "pino";

/** Where each type of event stands among the levels; the rest is `info`. */
const levels: Partial<Record<RunEvent["type"], "debug" | "warn" | "error">> = {
  step: "debug",
  headProgress: "debug",
  workerRefused: "warn",
  warning: "warn",
  runFailed: "error",
};

export interface RunLog {
  show(event: RunEvent): void;
  /** Writes what is buffered. */
  close(): Promise<void>;
}

/**
 * A log of JSON lines in a file. Where that cannot be written any more it ends there: the events file, which
 * says the same, ends the run then.
 */
export function openRunLog(file: string, run: string): RunLog {
  const destination = pino.destination({ dest: file, sync: false });
  let broken = false;
  destination.on("error", () => {
    broken = true;
    destination.destroy();
  });
  const show = runLogger(pino({ base: null }, destination), run);
  return {
    show(event) {
      if (!broken) show(event);
    },
    close: () => (broken ? Promise.resolve() : flushed(destination)),
  };
}

function flushed(destination: ReturnType<typeof pino.destination>): Promise<void> {
  return new Promise((resolve) => {
    destination.once("error", () => resolve());
    destination.flush(() => resolve());
  });
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
