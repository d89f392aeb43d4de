// How progress looks: lines that stay, one for each thing worth remembering, and a block that is drawn
// anew while the run goes on. Pure: states and events in, text out.

import type { Losses, RunEvent, RunEventOf } from "@trunkline/core";
import { duration, plural, score, whole } from "./format.ts";
import { type ProgressState, samplesPerSecond, secondsLeft } from "./progress-state.ts";

/** Cells of the bar. */
const barWidth = 24;

/** The block: position and bar, then losses and speed; no line is longer than `width`. */
export function blockLines(state: ProgressState, width: number): string[] {
  const { run } = state;
  if (run === null || state.ended) return [];
  const lines = state.phase === null ? [waitingLine(state)] : [barLine(state), lossLine(state)];
  return lines.map((line) =>
    line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line,
  );
}

/** One line that says as much as the block, for output that cannot be drawn over. */
export function progressLine(state: ProgressState): string {
  const { phase, run } = state;
  if (phase === null || run === null) return waitingLine(state);
  return `${elapsed(state)}  ${position(state)}  ${lossLine(state)}${timeLeft(state)}`;
}

function waitingLine(state: ProgressState): string {
  const { run, workers } = state;
  if (run !== null && workers < run.workers) {
    return `waiting for workers: ${workers} of ${run.workers} are here`;
  }
  return `${elapsed(state)}  between two phases`;
}

function barLine(state: ProgressState): string {
  const { phase, run } = state;
  if (phase === null || run === null) return "";
  const share = Math.min(1, phase.steps / (phase.epochs * run.stepsPerEpoch));
  const filled = Math.round(barWidth * share);
  const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
  return `${position(state)}  ${bar}  ${elapsed(state)}${timeLeft(state)}`;
}

function position(state: ProgressState): string {
  const { phase, run } = state;
  if (phase === null || run === null) return "";
  const epochsDone = Math.floor(phase.steps / run.stepsPerEpoch);
  const epoch = phase.firstEpoch + Math.min(phase.epochs, epochsDone + 1);
  const step = epochsDone >= phase.epochs ? run.stepsPerEpoch : phase.steps % run.stepsPerEpoch;
  const phases = `${phase.kind} phase ${phase.index + 1}/${run.phases.length}`;
  return `${phases}  epoch ${epoch}/${run.epochs}  step ${Math.floor(step)}/${run.stepsPerEpoch}`;
}

function lossLine(state: ProgressState): string {
  const speed = samplesPerSecond(state);
  return [lossesText(state.losses), speed === null ? "" : `${whole(speed)} samples/s`]
    .filter((part) => part !== "")
    .join("  ");
}

function lossesText(losses: Losses): string {
  const each = Object.entries(losses).map(([task, loss]) => `${task} ${score(loss)}`);
  return each.length === 0 ? "" : `loss: ${each.join(", ")}`;
}

function elapsed({ run, timeMs }: ProgressState): string {
  return run === null ? "" : duration((timeMs - run.timeMs) / 1000);
}

function timeLeft(state: ProgressState): string {
  const seconds = secondsLeft(state);
  return seconds === null ? "" : `  about ${duration(seconds)} left`;
}

/** The line that an event leaves behind; undefined for most. `state` is that after the event. */
export function eventLine(state: ProgressState, event: RunEvent): string | undefined {
  switch (event.type) {
    case "runStarted":
      return startLine(event);
    case "workerJoined":
      return `worker ${event.name} joined (${event.backend})`;
    case "workerRefused":
      return `worker ${event.name} was refused: ${event.message} (${event.code})`;
    case "workerLeft":
      return state.ended ? undefined : `worker ${event.name} left: ${event.reason}`;
    case "warning":
    case "methodFallback":
      return `warning: ${event.message}`;
    case "phaseEnded":
      return phaseLine(state, event);
    case "evaluated":
      return evaluatedLine(event);
    case "learningRateReduced":
      return `learning rate of the ${event.block} now times ${event.scale}, from epoch ${event.epoch}`;
    case "earlyStopped":
      return `stopped early after epoch ${event.epoch}; the best was epoch ${event.bestEpoch}`;
    default:
      return undefined;
  }
}

function startLine({ experiment, seed, epochs, phases, shards }: RunEventOf<"runStarted">): string {
  const tasks = shards.reduce((sum, shard) => sum + shard.length, 0);
  const parts = [
    plural(tasks, "task"),
    plural(shards.length, "shard"),
    `${plural(epochs, "epoch")} in ${plural(phases.length, "phase")}`,
  ];
  return `${experiment}, seed ${seed}: ${parts.join(", ")}`;
}

function phaseLine(state: ProgressState, event: RunEventOf<"phaseEnded">): string {
  const { kind, firstEpoch, epochs, seconds } = event;
  const name = `${kind} phase ${event.phase + 1}/${state.run?.phases.length ?? "?"}`;
  if (epochs === 0) return `${name}: abandoned after ${duration(seconds)}`;
  const which =
    epochs === 1 ? `epoch ${firstEpoch + 1}` : `epochs ${firstEpoch + 1}–${firstEpoch + epochs}`;
  return `${name}: ${which} in ${duration(seconds)}  ${lossesText(state.losses)}`.trimEnd();
}

function evaluatedLine({ best, epoch, loss, split, tasks }: RunEventOf<"evaluated">): string {
  const scores = Object.entries(tasks).map(([task, { loss: own, metrics }]) => {
    const named = Object.entries(metrics).map(([metric, value]) => `${metric} ${score(value)}`);
    return `${task} ${[`loss ${score(own)}`, ...named].join(" ")}`;
  });
  const mark = best ? " (best)" : "";
  return `${split} after ${plural(epoch, "epoch")}: loss ${score(loss)}${mark}; ${scores.join("; ")}`;
}
