import {
  type CoordinatorMessage,
  type NamedTensor,
  type NumericFingerprint,
  type Place,
  protocolVersion,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import type { Effect, Order, SessionEvent } from "./effects.ts";
import { initialSession, type SessionState, transition } from "./machine.ts";

const fingerprint: NumericFingerprint = {
  backend: "cpu",
  backendVersion: "1",
  nodeMajor: 20,
  threads: 1,
  probe: "abc",
};

const at = (changes: Partial<Place> = {}): Place => ({
  run: "run",
  memberEpoch: 0,
  phase: 0,
  trunkVersion: 0,
  ...changes,
});

const tensor = (name: string): NamedTensor => ({
  name,
  kind: "trunk",
  values: Float32Array.of(1, 2),
});

/** A session, its state, and the effects of the latest event. */
function session() {
  let state: SessionState = initialSession;
  const tell = (event: SessionEvent): Effect[] => {
    const [next, effects] = transition({ name: "worker" }, state, event);
    state = next;
    return effects;
  };
  const hear = (message: CoordinatorMessage, tensors: NamedTensor[] = []) =>
    tell({ type: "message", message, tensors });
  return {
    tell,
    hear,
    get state() {
      return state;
    },
  };
}

type Session = ReturnType<typeof session>;

/** Three steps per epoch. */
const prepared = (changes: Partial<Extract<SessionEvent, { type: "prepared" }>> = {}) =>
  ({
    type: "prepared",
    experiment: "hash",
    fingerprint,
    stepsPerEpoch: 3,
    roundsPerStep: 1,
    keepsMethodState: false,
    ...changes,
  }) as const;

/** A member of a run of three steps per epoch. */
function member(): Session {
  const made = session();
  made.tell({ type: "connected" });
  made.hear({ type: "invitation", run: "run", overrides: { set: {} } });
  made.tell(prepared());
  made.hear({ type: "welcome", run: "run", member: "w0", memberEpoch: 0 });
  return made;
}

/** A member with shards 0 and 2 of a phase that starts at trunk version 6, in epoch 4. */
function working(kind: "shared" | "joint", epochs = 1) {
  const made = member();
  const effects = made.hear({
    type: "beginPhase",
    at: at({ phase: 2, trunkVersion: 6 }),
    kind,
    firstEpoch: 4,
    epochs,
    shards: [0, 2],
    learningRateScale: 0.5,
    weights: null,
  });
  return { made, effects };
}

const trunkAt = (trunkVersion: number, phase = 2): CoordinatorMessage => ({
  type: "trunk",
  at: at({ phase, trunkVersion }),
  weights: null,
});

const types = (effects: readonly Effect[]) => effects.map(({ type }) => type);

function orderOf(effects: readonly Effect[]): Order {
  const found = effects.find((effect) => "order" in effect);
  return (found as Effect & { order: Order }).order;
}

const gradientOf = (order: Order): SessionEvent => ({
  type: "gradient",
  order,
  shard: 0,
  losses: { left: 0.5 },
  lossesAfter: {},
  norms: {},
  dominance: {},
  present: null,
  tensors: [tensor("gradient")],
  peakBytes: 8,
});

const headsOf = (order: Order): SessionEvent => ({
  type: "delivery",
  order,
  shard: 2,
  updates: { left: 3 },
  epochLosses: [{ left: 0.5 }],
  scalars: { left: {} },
  methodScalars: {},
  tensors: [tensor("left/weights")],
  peakBytes: 8,
});

describe("joining", () => {
  test("says hello, loads what it is invited to, shows that it fits", () => {
    const made = session();
    expect(made.tell({ type: "connected" })).toEqual([
      {
        type: "send",
        message: { type: "hello", protocol: protocolVersion, name: "worker" },
        tensors: [],
      },
    ]);
    const overrides = { set: { seed: "7" } };
    expect(made.hear({ type: "invitation", run: "run", overrides })).toEqual([
      { type: "prepare", overrides },
    ]);
    expect(made.tell(prepared())).toEqual([
      { type: "send", message: { type: "join", experiment: "hash", fingerprint }, tensors: [] },
    ]);
    expect(made.hear({ type: "welcome", run: "run", member: "w0", memberEpoch: 0 })).toEqual([]);
    expect(made.state.stage).toBe("member");
  });

  test("that is refused leaves with the coordinator's reason", () => {
    const made = session();
    made.tell({ type: "connected" });
    const error = { code: "protocol/version", message: "Too old.", remedy: "Update." };
    expect(made.hear({ type: "refuse", ...error })).toEqual([{ type: "leave", error }]);
    expect(made.state.stage).toBe("left");
  });

  test("that cannot load the experiment tells the coordinator and leaves", () => {
    const made = session();
    made.tell({ type: "connected" });
    const error = { code: "data/not-found", message: "No file.", remedy: "Copy it." };
    expect(made.tell({ type: "failed", ...error })).toEqual([
      { type: "send", message: { type: "failed", ...error }, tensors: [] },
      { type: "leave", error },
    ]);
  });
});

describe("a shared phase", () => {
  test("begins with a gradient for each of the shards, at the phase's first step", () => {
    expect(working("shared").effects).toEqual([
      {
        type: "beginStep",
        order: { job: 0, at: at({ phase: 2, trunkVersion: 6 }) },
        kind: "shared",
        at: { phase: 2, epoch: 4, step: 0, turn: 0 },
        previous: null,
        shards: [0, 2],
        learningRateScale: 0.5,
        weights: null,
      },
    ]);
  });

  test("goes on with each trunk until its epochs are done, epochs counted from the start", () => {
    const { made } = working("shared", 2);
    const positions = [];
    for (let version = 7; version <= 12; version++) {
      const effects = made.hear(trunkAt(version), [tensor("trunk/weights")]);
      expect(effects[0]).toMatchObject({ type: "setTrunk", tensors: [{ name: "trunk/weights" }] });
      if (effects[1]?.type === "beginStep") {
        positions.push(effects[1].at);
        expect(effects[1].order.at.trunkVersion).toBe(version);
      } else expect(effects).toHaveLength(1);
    }
    expect(positions).toEqual([
      { phase: 2, epoch: 4, step: 1, turn: 0 },
      { phase: 2, epoch: 4, step: 2, turn: 0 },
      { phase: 2, epoch: 5, step: 0, turn: 0 },
      { phase: 2, epoch: 5, step: 1, turn: 0 },
      { phase: 2, epoch: 5, step: 2, turn: 0 },
    ]);
    expect(made.state.work).toBeNull();
  });

  test("answers with the gradient, where its order came from", () => {
    const { made, effects } = working("shared");
    expect(made.tell(gradientOf(orderOf(effects)))).toEqual([
      {
        type: "send",
        message: {
          type: "gradient",
          at: at({ phase: 2, trunkVersion: 6 }),
          shard: 0,
          losses: { left: 0.5 },
          lossesAfter: {},
          norms: {},
          dominance: {},
          present: null,
          use: { peakBytes: 8 },
        },
        tensors: [tensor("gradient")],
      },
    ]);
  });

  test("takes a trunk of another phase without working on", () => {
    const { made } = working("shared");
    expect(types(made.hear(trunkAt(7, 1)))).toEqual(["setTrunk"]);
  });
});

describe("a joint phase", () => {
  test("moves the heads at each new trunk, and collects them at its end", () => {
    const { made } = working("joint");
    const first = made.hear(trunkAt(7));
    expect(types(first)).toEqual(["setTrunk", "headStep", "beginStep"]);
    expect(first[1]).toMatchObject({
      at: { epoch: 4, step: 0 },
      shards: [0, 2],
      learningRateScale: 0.5,
    });
    expect(first[2]).toMatchObject({ kind: "joint", at: { epoch: 4, step: 1 } });
    made.hear(trunkAt(8));
    const last = made.hear(trunkAt(9));
    expect(types(last)).toEqual(["setTrunk", "headStep", "collect"]);
    expect(last[1]).toMatchObject({ at: { epoch: 4, step: 2 } });
    expect(last[2]).toMatchObject({ phase: 2, shards: [0, 2], order: { at: { trunkVersion: 9 } } });
  });
});

describe("a head phase", () => {
  const lease = (shard: number): CoordinatorMessage => ({
    type: "lease",
    at: at({ phase: 3, trunkVersion: 9 }),
    shard,
    firstEpoch: 5,
    epochs: 4,
    learningRateScale: 0.25,
    weights: null,
  });

  test("trains one lease after the other, each with an order of its own", () => {
    const made = member();
    const orders = [0, 2].map((shard) => {
      const effects = made.hear(lease(shard));
      expect(effects).toMatchObject([
        {
          type: "trainHeads",
          phase: 3,
          trunkVersion: 9,
          shard,
          firstEpoch: 5,
          epochs: 4,
          learningRateScale: 0.25,
        },
      ]);
      return orderOf(effects);
    });
    expect(orders.map(({ job }) => job)).toEqual([0, 1]);
    expect(made.tell(headsOf(orders[1]!))).toEqual([
      {
        type: "send",
        message: {
          type: "delivery",
          at: at({ phase: 3, trunkVersion: 9 }),
          shard: 2,
          updates: { left: 3 },
          epochLosses: [{ left: 0.5 }],
          scalars: { left: {} },
          methodScalars: {},
          use: { peakBytes: 8 },
        },
        tensors: [tensor("left/weights")],
      },
    ]);
  });

  test("is abandoned as a whole: the leases' answers go nowhere, later orders do", () => {
    const made = member();
    const leases = [0, 2].map((shard) => orderOf(made.hear(lease(shard))));
    expect(made.hear({ type: "abandon", at: at() })).toEqual([{ type: "cancel", before: 2 }]);
    for (const order of leases) expect(made.tell(headsOf(order))).toEqual([]);
    const later = orderOf(made.hear(lease(0)));
    expect(types(made.tell(headsOf(later)))).toEqual(["send"]);
  });
});

test("an abandoned shared phase ignores gradients and trunks that were under way", () => {
  const { made, effects } = working("shared");
  made.hear({ type: "abandon", at: at() });
  expect(made.tell(gradientOf(orderOf(effects)))).toEqual([]);
  expect(types(made.hear(trunkAt(7)))).toEqual(["setTrunk"]);
  const evaluate = {
    type: "evaluate",
    at: at(),
    request: 3,
    split: "test",
    shards: [0],
  } satisfies CoordinatorMessage;
  const order = orderOf(made.hear(evaluate));
  const tasks = { left: { loss: 1, metrics: { accuracy: 0.5 } } };
  expect(made.tell({ type: "evaluated", order, request: 3, shard: 0, tasks })).toEqual([
    {
      type: "send",
      message: { type: "evaluated", at: at(), request: 3, shard: 0, tasks },
      tensors: [],
    },
  ]);
});

test("weights are loaded as they come", () => {
  const made = member();
  const scalars = { left: { beta1Power: 0.9 } };
  const tensors = [tensor("left/weights")];
  expect(
    made.hear({ type: "load", at: at(), trunk: true, scalars, methodScalars: {} }, tensors),
  ).toEqual([{ type: "load", trunk: true, scalars, methodScalars: {}, tensors }]);
});

describe("leaving", () => {
  test("in peace when the run is over, or when told that the worker is too late", () => {
    for (const message of [
      { type: "stop", reason: "over" },
      { type: "stale", at: at(), advice: "leave" },
    ] as const) {
      const { made } = working("shared");
      expect(made.hear(message)).toEqual([{ type: "leave" }]);
      expect(made.state).toMatchObject({ stage: "left", work: null });
    }
  });

  test("not for a stale message that need not be sent again", () => {
    const { made } = working("shared");
    expect(made.hear({ type: "stale", at: at(), advice: "wait" })).toEqual([]);
    expect(made.state.stage).toBe("member");
  });

  test("with the reason where the connection closed", () => {
    const { made } = working("shared");
    expect(made.tell({ type: "closed", reason: "reset" })).toMatchObject([
      {
        type: "leave",
        error: { code: "environment/unreachable", message: expect.stringContaining("reset") },
      },
    ]);
  });

  test("with a goodbye where the user wants it", () => {
    const { made } = working("shared");
    expect(made.tell({ type: "stop" })).toMatchObject([
      { type: "send", message: { type: "goodbye" } },
      { type: "leave" },
    ]);
  });

  test("with a word where work failed", () => {
    const { made } = working("shared");
    const error = { code: "run/not-finite", message: "NaN.", remedy: "Less." };
    expect(made.tell({ type: "failed", ...error })).toEqual([
      { type: "send", message: { type: "failed", ...error }, tensors: [] },
      { type: "leave", error },
    ]);
  });

  test("once: nothing is said or done afterwards", () => {
    const { made, effects } = working("shared");
    made.tell({ type: "stop" });
    const { state } = made;
    const later: SessionEvent[] = [
      gradientOf(orderOf(effects)),
      { type: "closed", reason: "bye" },
      { type: "failed", code: "x", message: "x", remedy: "x" },
      { type: "stop" },
      { type: "message", message: trunkAt(7), tensors: [] },
    ];
    for (const event of later) expect(made.tell(event)).toEqual([]);
    expect(made.state).toBe(state);
  });
});
