// The progress display of a run: a consumer of its events. On a terminal a block is drawn over and over;
// elsewhere (a file, a pipe, the log of a job) lines follow each other, a few a minute.

import type { RunEvent } from "@trunkline/core";
import { blockLines, eventLine, progressLine } from "./progress-lines.ts";
import { advance, initialProgress } from "./progress-state.ts";
import { Screen, type Terminal } from "./screen.ts";

export interface Progress {
  show(event: RunEvent): void;
  /** Adds a line that stays. */
  say(line: string): void;
  /** Takes the block away; more than once is no harm. */
  end(): void;
}

/** Between two drawings of the block: as often as an eye follows, so that drawing costs nothing. */
const drawMs = 100;
/** Between two lines of progress where nothing is drawn over. */
const lineMs = 10_000;
/** Width of a terminal that does not tell its own. */
const usualColumns = 80;

export function createProgress(terminal: Terminal): Progress {
  const drawn = terminal.isTTY === true && process.env.TERM !== "dumb";
  return drawn ? drawnProgress(terminal) : plainProgress(terminal);
}

function drawnProgress(terminal: Terminal): Progress {
  const screen = new Screen(terminal);
  let state = initialProgress;
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    show(event) {
      state = advance(state, event);
      const line = eventLine(state, event);
      if (line !== undefined) screen.say(line);
      if (line === undefined && event.timeMs - drawnMs < drawMs) return;
      drawnMs = event.timeMs;
      // Some pseudo-terminals have no size, and say 0.
      screen.draw(blockLines(state, (terminal.columns || usualColumns) - 1));
    },
    say: (line) => screen.say(line),
    end: () => screen.draw([]),
  };
}

function plainProgress(terminal: Terminal): Progress {
  let state = initialProgress;
  let saidMs = Number.NEGATIVE_INFINITY;
  const say = (line: string) => void terminal.write(`${line}\n`);
  return {
    show(event) {
      state = advance(state, event);
      const line = eventLine(state, event);
      const moved = event.type === "step" || event.type === "headProgress";
      const due = moved && event.timeMs - saidMs >= lineMs;
      if (line === undefined && !due) return;
      say(line ?? progressLine(state));
      saidMs = event.timeMs;
    },
    say,
    end() {},
  };
}
