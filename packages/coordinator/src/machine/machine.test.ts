// Whatever happens, in whatever order: the run ends once, in a consistent state, and loses no array.
// `play` checks at each transition that effects hold no draft and that no handle is given away twice.

import { ateSg, sg } from "@trunkline/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { enter, gathered, type Play, planOf } from "../../test/play.ts";

const plans = [
  planOf({ schedule: ateSg(), epochs: 5 }),
  planOf({ schedule: ateSg({ first: "head", headEpochs: 2 }), epochs: 5, workers: 1 }),
  planOf({
    schedule: sg(),
    epochs: 3,
    earlyStopping: { patience: 1, minDelta: 0, restoreBest: true },
  }),
];

/** Answers that the workers could give at this moment, one of which comes next. */
function due(run: Play): (() => void)[] {
  const { stage, holders } = run.state;
  const all = holders.map((peer, shard) => ({ peer, shard }));
  switch (stage.name) {
    case "round":
      return all
        .filter(({ shard }) => stage.arrivals[shard] === null)
        .map(
          ({ peer, shard }) =>
            () =>
              run.gradient(peer, shard),
        );
    case "delivery":
      return all
        .filter(({ shard }) => stage.delivered[shard] === false)
        .map(
          ({ peer, shard }) =>
            () =>
              run.heads(peer, shard),
        );
    case "evaluating":
      return all
        .filter(({ shard }) => stage.awaited[shard] === true)
        .map(
          ({ peer, shard }) =>
            () =>
              run.evaluated(peer, shard, 1 + shard),
        );
    default:
      return [];
  }
}

const nuisances: ((run: Play) => void)[] = [
  (run) => run.gradient("a", 0, { trunkVersion: 0 }),
  (run) => run.gradient("a", 0),
  (run) => run.gradient("b", 0),
  (run) => run.heads("a", 0),
  (run) => run.heads("stranger", 1),
  (run) => run.evaluated("a", 0, 2, { request: 999 }),
  (run) =>
    run.heartbeat("a", {
      phase: run.state.phase,
      shard: 0,
      epoch: 0,
      step: 1,
      losses: { left: 1 },
    }),
  (run) => run.drive({ type: "tick" }),
  (run) => enter(run, `late-${run.state.memberCount}`),
  (run) => run.drive({ type: "closed", peer: "late-2", reason: "gone" }),
];

const fatal: ((run: Play) => void)[] = [
  (run) => run.drive({ type: "stop" }),
  (run) => run.drive({ type: "closed", peer: "a", reason: "gone" }),
  (run) => run.say("a", { type: "failed", code: "x", message: "m", remedy: "r" }),
  (run) => run.drive({ type: "broken", code: "run/not-finite", message: "m", remedy: "r" }),
  (run) => run.gradient("a", 0, {}, { gradient: 99 }),
];

/** Plays to the end, the choices deciding who answers next and what comes between. */
function playThrough(run: Play, choices: readonly number[], disturb: boolean): void {
  for (let turn = 0; run.stage !== "ended" && turn < 200; turn++) {
    const choice = choices[turn % choices.length]!;
    if (choice % 3 === 0) nuisances[choice % nuisances.length]!(run);
    if (disturb && choice % 31 === 0) fatal[choice % fatal.length]!(run);
    const answers = due(run);
    if (answers.length > 0) answers[choice % answers.length]!();
  }
}

const choices = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 80 });
const anyPlan = fc.constantFrom(...plans);

function expectConsistent(run: Play): void {
  expect(run.stage).toBe("ended");
  expect(run.made("finish")).toHaveLength(1);
  expect(run.held.size).toBe(0);
  expect(run.made("closePhase").map(({ phase }) => phase)).toEqual(
    run.told("phaseStarted").map(({ phase }) => phase),
  );
  const { epochs, updates } = run.made("finish")[0]!;
  const edges = run.told("edge");
  expect(epochs).toBe(edges.at(-1)?.epoch ?? 0);
  const moved = run.plan.phases.filter(
    ({ kind, firstEpoch }) => kind !== "head" && firstEpoch < epochs,
  );
  expect(updates.trunk).toBe(moved.reduce((sum, phase) => sum + 2 * phase.epochs, 0));
}

test("a run whose workers answer ends as planned, in any order and with any nuisance", () => {
  fc.assert(
    fc.property(anyPlan, choices, (plan, order) => {
      const run = gathered(plan);
      playThrough(run, order, false);
      expectConsistent(run);
      expect(run.made("finish")[0]!.status).toBe("finished");
    }),
  );
});

test("a run that is stopped or breaks, whenever, ends once and in a consistent state", () => {
  fc.assert(
    fc.property(anyPlan, choices, (plan, order) => {
      const run = gathered(plan);
      playThrough(run, order, true);
      if (run.stage !== "ended") run.drive({ type: "closed", peer: "a", reason: "gone" });
      expectConsistent(run);
    }),
  );
});

test("a transition changes no earlier state", () => {
  const run = gathered();
  const before = run.state;
  const copy = structuredClone(before);
  run.gradient("a", 0);
  expect(before).toEqual(copy);
  expect(run.state).not.toBe(before);
});
