// A run played through the coordinator's machine by hand: events in, effects out, no arrays and no clock.
// Every transition is checked for what would bite the driver later: drafts that outlive their transition,
// and handles that are lost or given away twice.

import {
  ateSg,
  type CoordinatorMessage,
  type Hashes,
  type NumericFingerprint,
  phasesOf,
  protocolVersion,
  type RunEventBody,
  type ScheduleSpec,
  scheduleOf,
  type TaskScore,
  type WorkerMessage,
} from "@trunkline/core";
import { isDraft } from "immer";
import type { Effect, MachineEvent } from "../src/machine/effects.ts";
import { initialState, transition } from "../src/machine/machine.ts";
import type { RunPlan } from "../src/machine/plan.ts";
import type { RunState, TensorRef } from "../src/machine/state.ts";

export const fingerprint: NumericFingerprint = {
  backend: "cpu",
  backendVersion: "1",
  nodeMajor: 20,
  threads: 1,
  probe: "abc",
};

/** Two tasks in two shards, two steps per epoch, a shared and a head epoch. */
export function planOf({
  schedule = ateSg(),
  epochs = 2,
  ...changes
}: Partial<RunPlan> & { schedule?: ScheduleSpec } = {}): RunPlan {
  return {
    run: "run",
    experiment: "experiment",
    experimentHash: "hash-of-experiment",
    overrides: { set: { seed: "3" } },
    seed: 3,
    workers: 2,
    shards: [["left"], ["right"]],
    phases: phasesOf(scheduleOf(schedule), epochs),
    epochs,
    stepsPerEpoch: 2,
    samplesPerEpoch: 20,
    taskWeights: { left: 1, right: 0.5 },
    gradientLengths: { gradient: 3 },
    headLengths: {
      left: { "left/weights": 2, "left/optimizer/velocity": 2 },
      right: { "right/weights": 4, "right/optimizer/velocity": 4 },
    },
    evaluateEvery: 1,
    resultSplit: "test",
    plateau: {},
    allowMixed: false,
    deadlines: {
      helloMs: 10_000,
      joinMs: 60_000,
      silenceMs: 5_000,
      gatherMs: 120_000,
      stallMs: 30_000,
    },
    ...changes,
  };
}

type Message<T extends CoordinatorMessage["type"]> = Extract<CoordinatorMessage, { type: T }>;
type EventOf<T extends RunEventBody["type"]> = Extract<RunEventBody, { type: T }>;
type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;

export type Play = ReturnType<typeof play>;

export function play(plan: RunPlan = planOf()) {
  let state: RunState = initialState(plan);
  let nowMs = 1_000;
  let edges = 0;
  const effects: Effect[] = [];
  const handles = new Handles();

  /** One event; its effects. Orders to the driver are left unanswered. */
  function tell(event: MachineEvent): Effect[] {
    const [next, made] = transition(plan, state, event, nowMs);
    state = next;
    forbidDrafts(made);
    for (const effect of made) handles.settle(effect);
    effects.push(...made);
    return made;
  }

  /** One event, and the driver's answers to what follows from it. */
  function drive(event: MachineEvent): Effect[] {
    const made = tell(event);
    const answers = made.flatMap((effect) => answerTo(effect) ?? []);
    return [...made, ...answers.flatMap(drive)];
  }

  function answerTo(effect: Effect): MachineEvent | undefined {
    if (effect.type === "commit") {
      return { type: "committed", trunkVersion: effect.trunkVersion };
    }
    return effect.type === "edge" ? edgeSaved() : undefined;
  }

  function edgeSaved(): MachineEvent {
    return { type: "edgeSaved", hashes: hashesOf(edges++) };
  }

  function say(
    peer: string,
    message: WorkerMessage,
    tensors: Record<string, number> = {},
  ): Effect[] {
    return drive({ type: "message", peer, message, tensors: handles.make(tensors) });
  }

  const place = (peer: string) => ({
    run: plan.run,
    memberEpoch: state.members[peer]?.epoch ?? 0,
    phase: state.phase,
    trunkVersion: state.versions.trunk,
  });

  return {
    plan,
    tell,
    drive,
    say,
    place,
    edgeSaved,
    get state() {
      return state;
    },
    get stage() {
      return state.stage.name;
    },
    /** Handles that the machine still owes to somebody. */
    get held() {
      return handles.held;
    },
    wait(ms: number) {
      nowMs += ms;
    },
    connect: (peer: string) => drive({ type: "connected", peer }),
    hello: (peer: string, protocol = protocolVersion) =>
      say(peer, { type: "hello", protocol, name: peer.toUpperCase() }),
    join: (peer: string, changes: Partial<WorkerMessage & { type: "join" }> = {}) =>
      say(peer, { type: "join", experiment: plan.experimentHash, fingerprint, ...changes }),
    heartbeat: (
      peer: string,
      progress: (WorkerMessage & { type: "heartbeat" })["progress"] = null,
    ) => say(peer, { type: "heartbeat", progress }),
    /** A shard's gradient at the trunk of the moment, or elsewhere in the run. */
    gradient: (
      peer: string,
      shard: number,
      at = {},
      tensors: Record<string, number> = { gradient: 3 },
    ) =>
      say(
        peer,
        {
          type: "gradient",
          at: { ...place(peer), ...at },
          shard,
          losses: Object.fromEntries(plan.shards[shard]?.map((task) => [task, shard + 1]) ?? []),
          use: { peakBytes: 100 + shard },
        },
        tensors,
      ),
    heads: (peer: string, shard: number, at = {}, tensors = headTensors(plan, shard)) =>
      say(
        peer,
        {
          type: "heads",
          at: { ...place(peer), ...at },
          shard,
          updates: Object.fromEntries(plan.shards[shard]?.map((task) => [task, 2]) ?? []),
          epochLosses: [],
          scalars: Object.fromEntries(
            plan.shards[shard]?.map((task) => [task, { power: 0.5 }]) ?? [],
          ),
          use: { peakBytes: 200 + shard },
        },
        tensors,
      ),
    evaluated: (
      peer: string,
      shard: number,
      loss = 1,
      changes: Partial<WorkerMessage & { type: "evaluated" }> = {},
    ) => {
      const request = state.stage.name === "evaluating" ? state.stage.request : 0;
      const score: TaskScore = { loss, metrics: { accuracy: 0.5 } };
      const tasks = Object.fromEntries(plan.shards[shard]?.map((task) => [task, score]) ?? []);
      const message = { type: "evaluated", at: place(peer), request, shard, tasks } as const;
      return say(peer, { ...message, ...changes } as WorkerMessage);
    },
    sent: <T extends CoordinatorMessage["type"]>(peer: string, type: T): Message<T>[] =>
      effects.flatMap((effect) =>
        effect.type === "send" && effect.peer === peer && effect.message.type === type
          ? [effect.message as Message<T>]
          : [],
      ),
    closed: (peer: string): boolean =>
      effects.some((effect) => effect.type === "close" && effect.peer === peer),
    told: <T extends RunEventBody["type"]>(type: T): EventOf<T>[] =>
      effects.flatMap((effect) =>
        effect.type === "emit" && effect.event.type === type ? [effect.event as EventOf<T>] : [],
      ),
    made: <T extends Effect["type"]>(type: T): EffectOf<T>[] =>
      effects.filter((effect): effect is EffectOf<T> => effect.type === type),
  };
}

/** A run with its workers `a` and `b`, in its first phase. */
export function gathered(plan: RunPlan = planOf()): Play {
  const run = play(plan);
  run.drive({ type: "started" });
  for (const peer of ["a", "b"].slice(0, plan.workers)) enter(run, peer);
  return run;
}

/** Connects a worker and joins it. */
export function enter(run: Play, peer: string): void {
  run.connect(peer);
  run.hello(peer);
  run.join(peer);
}

/** Answers for all workers until the run is in that stage, or ended. */
export function playUntil(run: Play, until: (run: Play) => boolean): void {
  while (!until(run) && run.stage !== "ended") {
    run.state.holders.forEach((peer, shard) => {
      const { stage } = run;
      if (stage === "round") run.gradient(peer, shard);
      else if (stage === "heads") run.heads(peer, shard);
      else if (stage === "evaluating") run.evaluated(peer, shard);
    });
  }
}

function headTensors({ headLengths, shards }: RunPlan, shard: number): Record<string, number> {
  return Object.assign({}, ...(shards[shard] ?? []).map((task) => headLengths[task]));
}

const hashesOf = (edge: number): Hashes => ({
  trunk: `trunk-${edge}`,
  heads: { left: `left-${edge}`, right: `right-${edge}` },
  optimizer: `optimizer-${edge}`,
});

/** Arrived arrays, each of which must leave the store once: committed, stored or freed. */
class Handles {
  readonly held = new Set<number>();
  #next = 0;

  make(lengths: Readonly<Record<string, number>>): TensorRef[] {
    return Object.entries(lengths).map(([name, length]) => {
      const handle = this.#next++;
      this.held.add(handle);
      return { name, handle, length };
    });
  }

  settle(effect: Effect): void {
    for (const handle of handlesOf(effect)) {
      if (!this.held.delete(handle)) throw new Error(`handle ${handle} is not held`);
    }
  }
}

function handlesOf(effect: Effect): readonly number[] {
  switch (effect.type) {
    case "commit":
      return [...effect.gradients, ...effect.statistics];
    case "storeHead":
      return effect.tensors.map(({ handle }) => handle);
    case "free":
      return effect.handles;
    default:
      return [];
  }
}

/** Reading a revoked draft throws; one that is still alive is found by name. */
function forbidDrafts(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (isDraft(value)) throw new Error("an effect holds a draft of the state");
  for (const inner of Object.values(value)) forbidDrafts(inner);
}
