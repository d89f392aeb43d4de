// A run played through the coordinator's machine by hand: events in, effects out, no arrays and no clock.
// Every transition is checked for what would bite the driver later: drafts that outlive their transition,
// and handles that are lost or given away twice.

import {
  ateSg,
  type CoordinatorMessage,
  type Exchange,
  type Hashes,
  type NumericFingerprint,
  type Place,
  phasesOf,
  protocolVersion,
  type RunEventBody,
  type ScheduleSpec,
  scheduleOf,
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

/** Of a method whose weights follow from counters alone. */
export const plainExchange: Exchange = {
  first: "nothing",
  weights: false,
  sums: true,
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
    methodLengths: {},
    learnsNorms: false,
    trunkArrays: 1,
    exchanges: { shared: plainExchange, joint: plainExchange },
    rowsChunkLength: 2,
    rowsChunks: 2,
    roundsPerStep: 1,
    components: [],
    headLengths: {
      left: { "left/weights": 2, "left/optimizer/velocity": 2 },
      right: { "right/weights": 4, "right/optimizer/velocity": 4 },
    },
    evaluateEvery: 1,
    resultSplit: "test",
    plateau: {},
    warnings: [],
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

type Sent<T extends CoordinatorMessage["type"]> = Extract<CoordinatorMessage, { type: T }>;
type Said<T extends WorkerMessage["type"]> = Extract<WorkerMessage, { type: T }>;
type EventOf<T extends RunEventBody["type"]> = Extract<RunEventBody, { type: T }>;
type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;
type Lengths = Readonly<Record<string, number>>;

export type Play = ReturnType<typeof play>;

export function play(plan: RunPlan = planOf()) {
  const machine = new Machine(plan);
  return {
    plan,
    drive: (event: MachineEvent) => machine.drive(event),
    /** Acts while the driver is busy with the orders that follow from it. */
    unanswered(act: () => void) {
      machine.answering = false;
      act();
      machine.answering = true;
    },
    edgeSaved: () => machine.edgeSaved(),
    place: (peer: string) => machine.place(peer),
    get state() {
      return machine.state;
    },
    get stage() {
      return machine.state.stage.name;
    },
    /** Handles that the machine still owes to somebody. */
    held: machine.handles.held,
    wait(ms: number) {
      machine.nowMs += ms;
    },
    ...voicesOf(machine),
    ...readersOf(machine.effects),
  };
}

/** State, time and all effects so far. */
class Machine {
  readonly plan: RunPlan;
  readonly effects: Effect[] = [];
  readonly handles = new Handles();
  state: RunState;
  nowMs = 1_000;
  answering = true;
  #edges = 0;

  constructor(plan: RunPlan) {
    this.plan = plan;
    this.state = initialState(plan);
  }

  /** One event, and the driver's answers to what follows from it. */
  drive(event: MachineEvent): Effect[] {
    const made = this.#tell(event);
    const answers = this.answering ? made.flatMap((effect) => this.#answerTo(effect) ?? []) : [];
    return [...made, ...answers.flatMap((answer) => this.drive(answer))];
  }

  #tell(event: MachineEvent): Effect[] {
    const [next, made] = transition(this.plan, this.state, event, this.nowMs);
    this.state = next;
    forbidDrafts(made);
    for (const effect of made) this.handles.settle(effect);
    this.effects.push(...made);
    return made;
  }

  edgeSaved(): MachineEvent {
    return { type: "edgeSaved", hashes: hashesOf(this.#edges++) };
  }

  place(peer: string): Place {
    const { members, phase, versions } = this.state;
    const memberEpoch = members[peer]?.epoch ?? 0;
    return { run: this.plan.run, memberEpoch, phase, trunkVersion: versions.trunk };
  }

  #answerTo(effect: Effect): MachineEvent | undefined {
    if (effect.type === "weigh") return { type: "weighed", weights: [0.5, 2] };
    if (effect.type === "commit") return { type: "committed", trunkVersion: effect.trunkVersion };
    return effect.type === "edge" ? this.edgeSaved() : undefined;
  }
}

/** What workers say, as it fits the moment; `changes` make it fit worse. */
function voicesOf(machine: Machine) {
  const { plan } = machine;
  const say = (peer: string, message: WorkerMessage, tensors: Lengths = {}): Effect[] =>
    machine.drive({ type: "message", peer, message, tensors: machine.handles.make(tensors) });
  const at = (peer: string, changes: Partial<Place>) => ({ ...machine.place(peer), ...changes });
  return {
    say,
    connect: (peer: string) => machine.drive({ type: "connected", peer }),
    hello: (peer: string, protocol = protocolVersion) =>
      say(peer, { type: "hello", protocol, name: peer.toUpperCase() }),
    join: (peer: string, changes: Partial<Said<"join">> = {}) =>
      say(peer, { type: "join", experiment: plan.experimentHash, fingerprint, ...changes }),
    heartbeat: (peer: string, progress: Said<"heartbeat">["progress"] = null) =>
      say(peer, { type: "heartbeat", progress }),
    figures: (
      peer: string,
      shard: number,
      place: Partial<Place> = {},
      tensors: Lengths = {},
      changes: Partial<Said<"figures">> = {},
    ) => say(peer, { ...figuresOf(plan, shard), at: at(peer, place), ...changes }, tensors),
    rows: (
      peer: string,
      shard: number,
      chunk: number,
      tensors: Lengths = rowTensors(plan, shard, chunk),
      changes: Partial<Said<"rows">> = {},
    ) => say(peer, { ...rowsOf(plan, shard, chunk), at: at(peer, {}), ...changes }, tensors),
    gradient: (
      peer: string,
      shard: number,
      place: Partial<Place> = {},
      tensors: Lengths = { gradient: 3 },
      changes: Partial<Said<"gradient">> = {},
    ) => say(peer, { ...gradientOf(plan, shard), at: at(peer, place), ...changes }, tensors),
    heads: (
      peer: string,
      shard: number,
      place: Partial<Place> = {},
      tensors: Lengths = headTensors(plan, shard),
      changes: Partial<Said<"delivery">> = {},
    ) => say(peer, { ...headsOf(plan, shard), at: at(peer, place), ...changes }, tensors),
    evaluated: (
      peer: string,
      shard: number,
      loss = 1,
      changes: Partial<Said<"evaluated">> = {},
      tensors: Lengths = {},
    ) => say(peer, { ...evaluatedOf(machine, shard, loss), at: at(peer, {}), ...changes }, tensors),
  };
}

/** What became of it all. */
function readersOf(effects: readonly Effect[]) {
  return {
    sent: <T extends CoordinatorMessage["type"]>(peer: string, type: T): Sent<T>[] =>
      effects.flatMap((effect) =>
        effect.type === "send" && effect.peer === peer && effect.message.type === type
          ? [effect.message as Sent<T>]
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

function perTask<T>({ shards }: RunPlan, shard: number, value: T): Record<string, T> {
  return Object.fromEntries((shards[shard] ?? []).map((task) => [task, value]));
}

function gradientOf(plan: RunPlan, shard: number): Omit<Said<"gradient">, "at"> {
  const losses = perTask(plan, shard, shard + 1);
  const nothing = { lossesAfter: {}, norms: {}, dominance: {}, present: null };
  return { type: "gradient", shard, losses, ...nothing, use: { peakBytes: 100 + shard } };
}

function figuresOf(plan: RunPlan, shard: number): Omit<Said<"figures">, "at"> {
  const losses = perTask(plan, shard, shard + 1);
  const norms = perTask(plan, shard, 10 * (shard + 1));
  return { type: "figures", shard, losses, lossesAfter: {}, norms };
}

function rowsOf(plan: RunPlan, shard: number, chunk: number): Omit<Said<"rows">, "at"> {
  const losses = perTask(plan, shard, shard + 1);
  return { type: "rows", shard, chunk, losses, lossesAfter: {}, use: { peakBytes: 300 + shard } };
}

/** A gradient of three numbers in stretches of two. */
function rowTensors({ shards }: RunPlan, shard: number, chunk: number): Record<string, number> {
  const names = (shards[shard] ?? []).map((task) => [`row/${task}`, chunk === 0 ? 2 : 1]);
  return Object.fromEntries(names);
}

function headsOf(plan: RunPlan, shard: number): Omit<Said<"delivery">, "at"> {
  const updates = perTask(plan, shard, 2);
  const scalars = perTask(plan, shard, { power: 0.5 });
  const use = { peakBytes: 200 + shard };
  return {
    type: "delivery",
    shard,
    updates,
    epochLosses: [],
    scalars,
    methodScalars: perTask(plan, shard, { beta1Power: 0.25 }),
    use,
  };
}

function evaluatedOf(
  { plan, state: { stage } }: Machine,
  shard: number,
  loss: number,
): Omit<Said<"evaluated">, "at"> {
  const request = stage.name === "evaluating" ? stage.request : 0;
  const tasks = perTask(plan, shard, { loss, metrics: { accuracy: 0.5 } });
  return { type: "evaluated", request, shard, tasks };
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
      else if (stage === "delivery") run.heads(peer, shard);
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
      return [...effect.gradients.map(({ handle }) => handle), ...effect.statistics];
    case "takeRows":
      return effect.rows;
    case "storeMethod":
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
