import type { PhaseRecord, RunEvent, RunEventBody } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { createProgress } from "./progress.ts";
import { blockLines, progressLine } from "./progress-lines.ts";
import { advance, initialProgress, samplesPerSecond, secondsLeft } from "./progress-state.ts";

/** Two tasks in two shards, 2 shared epochs and 2 head epochs, 10 steps and 1000 samples an epoch. */
const runStarted: RunEventBody = {
  type: "runStarted",
  run: "r",
  experiment: "digits",
  seed: 7,
  epochs: 4,
  stepsPerEpoch: 10,
  samplesPerEpoch: 1000,
  shards: [["left"], ["right"]],
  phases: [
    { kind: "shared", firstEpoch: 0, epochs: 2 },
    { kind: "head", firstEpoch: 2, epochs: 2 },
  ],
  workers: 2,
};

function joined(name: string): RunEventBody {
  return { type: "workerJoined", member: name, name, backend: "wasm 4.22.0" };
}

function phaseStarted(phase: number): RunEventBody {
  const kind = phase === 0 ? "shared" : "head";
  const holders = ["a", "b"];
  return {
    type: "phaseStarted",
    phase,
    kind,
    firstEpoch: 2 * phase,
    epochs: 2,
    trunkVersion: 0,
    holders,
  };
}

function step(epoch: number, index: number): RunEventBody {
  const losses = { left: 0.5, right: 0.25 };
  const members = ["a", "b"];
  return { type: "step", phase: 0, epoch, step: index, trunkVersion: 1, losses, members };
}

function record(kind: PhaseRecord["kind"], seconds: number): PhaseRecord {
  return {
    kind,
    firstEpoch: kind === "shared" ? 0 : 2,
    epochs: 2,
    seconds,
    peakBytes: 2_500_000,
    bytes: {
      sent: 1_000_000,
      received: 500,
      byKind: { trunk: 0, gradients: 0, heads: 0, optimizer: 0, control: 0, heartbeat: 0 },
    },
    waits: { gradients: 0.5, heads: 0.25 },
  };
}

/** Events at the given milliseconds of the run. */
function at(...timed: readonly (readonly [timeMs: number, body: RunEventBody])[]): RunEvent[] {
  return timed.map(([timeMs, body], sequence) => ({ ...body, sequence, timeMs }) as RunEvent);
}

const start = at([0, runStarted], [0, joined("a")], [0, joined("b")], [0, phaseStarted(0)]);

function stateAfter(events: readonly RunEvent[]) {
  return events.reduce(advance, initialProgress);
}

function headProgress(shard: number, epoch: number, done: number): RunEventBody {
  const losses = { [shard === 0 ? "left" : "right"]: 0.125 };
  return { type: "headProgress", phase: 1, shard, epoch, step: done, losses };
}

describe("what the events say", () => {
  test("speed and time left come from the steps of the phase under way", () => {
    const state = stateAfter([...start, ...at([500, step(0, 0)], [2000, step(0, 4)])]);
    // 5 of 10 steps, half of 1000 samples, in 2 s; 35 of 40 steps are left at 2.5 a second.
    expect(samplesPerSecond(state)).toBe(250);
    expect(secondsLeft(state)).toBeCloseTo(35 / 2.5, 9);
  });

  test("nothing is claimed before anything was measured", () => {
    const state = stateAfter([...start, ...at([10, step(0, 0)])]);
    expect(samplesPerSecond(state)).toBeNull();
    expect(secondsLeft(state)).toBeNull();
  });

  test("later phases count at the speed of their own kind once that is known", () => {
    const phases = [0, 2, 4].flatMap((firstEpoch, cycle) => [
      { kind: cycle % 2 === 0 ? ("shared" as const) : ("head" as const), firstEpoch, epochs: 2 },
    ]);
    const state = stateAfter(
      at(
        [0, { ...runStarted, phases } as RunEventBody],
        [0, phaseStarted(0)],
        [8000, { type: "phaseEnded", phase: 0, ...record("shared", 8) }],
        [8000, phaseStarted(1)],
        // Half an epoch, the mean of both shards, in 1 s.
        [9000, headProgress(0, 3, 0)],
      ),
    );
    // 1.5 head epochs at 2 s each, then 2 shared epochs at 4 s each.
    expect(secondsLeft(state)).toBeCloseTo(1.5 * 2 + 2 * 4, 9);
  });

  test("a head phase is as far as the mean of its shards, and a delivered one is through", () => {
    const delivered: RunEventBody = {
      type: "headsDelivered",
      phase: 1,
      shard: 0,
      member: "a",
      updates: { left: 20 },
      epochLosses: [{ left: 0.2 }, { left: 0.1 }],
    };
    const events = at([0, runStarted], [0, phaseStarted(1)], [10, headProgress(0, 2, 4)]);
    expect(stateAfter(events).phase?.steps).toBe(2);
    const state = stateAfter([...events, ...at([20, headProgress(1, 3, 2)], [30, delivered])]);
    expect(state.phase?.steps).toBe((12 + 20) / 2);
    expect(state.losses).toEqual({ left: 0.1, right: 0.125 });
  });
});

describe("the block", () => {
  test("shows phase, epoch, step, bar, times, losses and speed", () => {
    const state = stateAfter([...start, ...at([2000, step(0, 4)])]);
    expect(blockLines(state, 200)).toEqual([
      "shared phase 1/2  epoch 1/4  step 5/10  ██████░░░░░░░░░░░░░░░░░░  2.0 s  about 14 s left",
      "loss: left 0.5000, right 0.2500  250 samples/s",
    ]);
    expect(progressLine(state)).toBe(
      "2.0 s  shared phase 1/2  epoch 1/4  step 5/10  loss: left 0.5000, right 0.2500  250 samples/s  about 14 s left",
    );
  });

  test("ends an epoch at its last step, and a phase in its last epoch", () => {
    const lineAfter = (epoch: number) =>
      blockLines(stateAfter([...start, ...at([10, step(epoch, 9)])]), 200)[0];
    expect(lineAfter(0)).toContain("epoch 2/4  step 0/10");
    expect(lineAfter(1)).toContain("epoch 2/4  step 10/10");
  });

  test("never has a line longer than the terminal", () => {
    const state = stateAfter([...start, ...at([2000, step(0, 4)])]);
    for (const width of [1, 10, 40, 79]) {
      for (const line of blockLines(state, width)) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  test("says whom the run waits for before it begins, and nothing after its end", () => {
    const waiting = stateAfter(at([0, runStarted], [0, joined("a")]));
    expect(blockLines(waiting, 80)).toEqual(["waiting for workers: 1 of 2 are here"]);
    const ended = advance(
      waiting,
      at([1, { type: "runEnded", status: "finished", seconds: 1 }])[0]!,
    );
    expect(blockLines(ended, 80)).toEqual([]);
  });
});

/** As much of a terminal as the display uses: lines, cursor up, clear to the end. */
function terminal(columns?: number) {
  const lines = [""];
  return {
    isTTY: columns !== undefined,
    ...(columns === undefined ? {} : { columns }),
    lines,
    write(text: string) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
      for (const part of text.split(/(\r\u001b\[\d+A\u001b\[0J|\n)/)) {
        if (part === "\n") lines.push("");
        else if (part.startsWith("\r")) {
          lines.length -= Number(/\d+/.exec(part)?.[0]);
          lines[lines.length - 1] = "";
        } else lines[lines.length - 1] += part;
      }
    },
  };
}

const whole = [
  ...start,
  ...at(
    [1000, step(0, 4)],
    [1001, step(0, 5)],
    [2000, { type: "warning", message: "slow" }],
    [
      2000,
      {
        type: "methodFallback",
        phase: 0,
        epoch: 0,
        step: 0,
        kind: "zeroGradient",
        tasks: ["left"],
        message: "it is left out",
      },
    ],
    [3000, { type: "phaseEnded", phase: 0, ...record("shared", 3) }],
    [
      3000,
      {
        type: "evaluated",
        split: "validation",
        epoch: 2,
        tasks: {
          left: { loss: 0.5, metrics: { accuracy: 0.875 } },
          right: { loss: 0.25, metrics: {} },
        },
        loss: 0.75,
        best: true,
      },
    ],
  ),
];

const lasting = [
  "digits, seed 7: 2 tasks, 2 shards, 4 epochs in 2 phases",
  "worker a joined (wasm 4.22.0)",
  "worker b joined (wasm 4.22.0)",
  "warning: slow",
  "warning: it is left out",
  "shared phase 1/2: epochs 1–2 in 3.0 s  loss: left 0.5000, right 0.2500",
  "validation after 2 epochs: loss 0.7500 (best); left loss 0.5000 accuracy 0.8750; right loss 0.2500",
];

describe("the display", () => {
  test("on a terminal leaves the lines that matter, above one block", () => {
    const screen = terminal(200);
    const progress = createProgress(screen);
    for (const event of whole.slice(0, -2)) progress.show(event);
    expect(screen.lines).toEqual([
      ...lasting.slice(0, 5),
      expect.stringContaining("shared phase 1/2  epoch 1/4  step 6/10"),
      expect.stringContaining("loss: left"),
      "",
    ]);
    for (const event of whole.slice(-2)) progress.show(event);
    progress.say("by the way");
    progress.end();
    progress.end();
    expect(screen.lines).toEqual([...lasting, "by the way", ""]);
  });

  test("on a terminal without a size draws for a usual one", () => {
    const screen = terminal(0);
    const progress = createProgress(screen);
    for (const event of whole.slice(0, -2)) progress.show(event);
    expect(screen.lines.at(-3)).toContain("shared phase 1/2  epoch 1/4  step 6/10");
  });

  test("elsewhere writes plain lines, progress among them now and then", () => {
    const file = terminal();
    const progress = createProgress(file);
    for (const event of whole) progress.show(event);
    expect(file.lines).toEqual([...lasting, ""]);
    for (let second = 4; second < 30; second++) {
      for (const event of at([1000 * second, step(1, second % 10)])) progress.show(event);
    }
    progress.end();
    expect(file.lines).toHaveLength(lasting.length + 1 + 2);
    expect(file.lines.join("")).not.toContain("\u001b");
  });

  test("a dumb terminal gets plain lines", () => {
    const before = process.env.TERM;
    process.env.TERM = "dumb";
    try {
      const screen = terminal(80);
      const progress = createProgress(screen);
      for (const event of whole) progress.show(event);
      expect(screen.lines).toEqual([...lasting, ""]);
    } finally {
      if (before === undefined) delete process.env.TERM;
      else process.env.TERM = before;
    }
  });
});
