// STUB by the lead: replace. Contract used by report.ts.
import type { RunEvent } from "@trunkline/core";

export interface Progress {
  show(event: RunEvent): void;
  say(line: string): void;
  end(): void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return {
    show: (event) => {
      if (event.type !== "step" && event.type !== "headProgress")
        stream.write(`${JSON.stringify(event).slice(0, 300)}\n`);
    },
    say: (line) => void stream.write(`${line}\n`),
    end() {},
  };
}
