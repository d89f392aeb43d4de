// What goes over the wire, to the byte: head phases move leases and heads and nothing else.

import {
  adam,
  ateSg,
  type BlockState,
  byteKinds,
  headTensors,
  momentum,
  sg,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { type ClusterRun, trainCluster } from "./support/cluster.ts";
import { ownInputs, statefulLayers } from "./support/experiments.ts";

const chunkHeaderBytes = 16;
const optimizer = {
  trunk: momentum({ learningRate: 0.05 }),
  heads: adam({ learningRate: 0.01 }),
};

const bytesOf = (values: Float32Array) =>
  values.length === 0 ? 0 : chunkHeaderBytes + values.byteLength;

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** Bytes of all heads, once, by kind; each tensor here fits into a chunk. */
function headBytes(heads: Readonly<Record<string, BlockState>>) {
  const tensors = Object.entries(heads).flatMap(([task, head]) => headTensors(task, head));
  const of = (kind: string) =>
    sum(tensors.filter((tensor) => tensor.kind === kind).map(({ values }) => bytesOf(values)));
  return { heads: of("heads"), optimizer: of("optimizer") };
}

const trunkBytes = ({ weights, statistics }: BlockState) => bytesOf(weights) + bytesOf(statistics);

const made = statefulLayers({
  schedule: ateSg({ sharedEpochs: 1, headEpochs: 3 }),
  optimizer,
  epochs: 8,
});
const stepsPerEpoch = 5;

async function trained(workers: number) {
  const run = await trainCluster(made, { workers });
  return { ...run, last: run.last! };
}

describe.each([1, 2, 3])("with %d workers", (workers) => {
  test("a head phase moves heads, their optimizers and a little control", async () => {
    const { result, last } = await trained(workers);
    const headPhases = result.phases.filter(({ kind }) => kind === "head");
    expect(headPhases).toHaveLength(2);
    for (const { bytes } of headPhases) {
      const { heads, optimizer: state } = headBytes(last.heads);
      expect(bytes.byKind).toMatchObject({ trunk: 0, gradients: 0, heads, optimizer: state });
      // Leases, deliveries and the evaluation at the edge, about 1 KB per shard.
      expect(bytes.byKind.control).toBeLessThan(4 * 1024);
      expect(bytes.received).toBeGreaterThan(heads + state);
      expect(bytes.sent).toBeLessThan(1.5 * 1024);
    }
  });

  test("a shared phase moves gradients and trunks, and heads only to who lacks them", async () => {
    const { result, last } = await trained(workers);
    const shared = result.phases.filter(({ kind }) => kind === "shared");
    const shards = 3;
    for (const [index, { bytes, epochs }] of shared.entries()) {
      const rounds = epochs * stepsPerEpoch;
      const loads = index === 0 ? 1 : 0;
      const initial = headBytes(last.heads);
      expect(bytes.byKind).toMatchObject({
        gradients: rounds * shards * trunkBytes(last.trunk),
        trunk: (rounds + loads) * workers * trunkBytes(last.trunk),
        heads: loads * initial.heads,
        optimizer: loads * initial.optimizer,
      });
    }
  });
});

/** The phases' accounts against those of the connections. */
function expectWhole({ result, connections }: ClusterRun): void {
  for (const { bytes } of result.phases) {
    expect(bytes.sent + bytes.received).toBe(sum(Object.values(bytes.byKind)));
  }
  const counts = connections.map((connection) => connection.bytes());
  expect(sum(result.phases.map(({ bytes }) => bytes.sent))).toBe(
    sum(counts.map(({ sent }) => sent)),
  );
  expect(sum(result.phases.map(({ bytes }) => bytes.received))).toBe(
    sum(counts.map(({ received }) => received)),
  );
  for (const kind of byteKinds) {
    expect(sum(result.phases.map(({ bytes }) => bytes.byKind[kind]))).toBe(
      sum(counts.map(({ byKind }) => byKind[kind])),
    );
  }
}

test.each([
  ["ateSg", ateSg()],
  ["sg", sg()],
])("the phases of %s account for every byte of the connections", async (_, schedule) => {
  expectWhole(await trainCluster(ownInputs({ schedule, optimizer }), { workers: 2 }));
});

test("so they do where the run is stopped inside a phase", async () => {
  const run = await trainCluster(ownInputs({ schedule: ateSg(), optimizer }), {
    workers: 2,
    watch: (event, coordinator) => {
      if (event.type === "step" && event.epoch === 2) coordinator.stop();
    },
  });
  expect(run.result.status).toBe("stopped");
  expectWhole(run);
});

test("what a head phase moves does not grow with its steps", async () => {
  const byKind = async (batchSize: string) => {
    const { result } = await trainCluster(made, { set: { batchSize } });
    return result.phases.filter(({ kind }) => kind === "head").map(({ bytes }) => bytes.byKind);
  };
  const [few, many] = [await byKind("35"), await byKind("7")];
  for (const [index, { control, ...tensors }] of few.entries()) {
    const { control: more, ...same } = many[index]!;
    expect(tensors).toEqual(same);
    // Larger counters take a byte or two more.
    expect(Math.abs(more - control)).toBeLessThan(32);
  }
});
