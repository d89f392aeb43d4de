// The run that `docs/protocol.md` shows: one worker, two shards, a shared and a head phase of one step
// each, over the in-memory transport. Everything that crosses is written down as the coordinator sees it.

import * as tf from "@tensorflow/tfjs";
import { Coordinator } from "@trunkline/coordinator";
import {
  adam,
  arrayDataset,
  ateSg,
  byteKindOf,
  type Connection,
  type CoordinatorMessage,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  defineExperiment,
  memoryPair,
  type NamedTensor,
  sgd,
  type WorkerMessage,
} from "@trunkline/core";
import { Worker } from "@trunkline/worker";
import { prepared, wallClock } from "../support/cluster.ts";

/** One message of the session. */
export interface Line {
  from: "worker" | "coordinator";
  message: WorkerMessage | CoordinatorMessage;
  /** Absent where there are none. */
  tensors?: { name: string; kind: string; length: number }[];
}

const points = arrayDataset({
  inputs: [
    [0.2, 0.1],
    [-0.8, 0.9],
    [0.3, -0.3],
    [0.9, -0.6],
  ],
  labels: { near: [1, 0, 1, 0], right: [1, 0, 1, 1] },
});

const task = {
  head: ({ inputShape }: { inputShape: number[] }) =>
    tf.sequential({ layers: [tf.layers.dense({ inputShape, units: 1 })] }),
  loss: "sigmoidCrossEntropy",
  metrics: ["accuracy"],
} as const;

const sample = defineExperiment({
  name: "sample",
  build: () => ({
    data: { train: points, validation: points, test: points },
    trunk: () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] }),
    tasks: { near: task, right: task },
    schedule: ateSg({ sharedEpochs: 1, headEpochs: 1 }),
    optimizer: { trunk: sgd({ learningRate: 0.1 }), heads: adam({ learningRate: 0.1 }) },
    batchSize: 4,
    epochs: 2,
  }),
});

/** Trains the sample and returns what was said; hashes, losses and memory are made comparable. */
export async function recordSession(): Promise<Line[]> {
  const own = await prepared(sample);
  const lines: Line[] = [];
  const coordinator = new Coordinator({
    experiment: own.ready,
    experimentHash: own.hash,
    run: "sample",
    workers: 1,
    allowMixed: false,
    clock: wallClock,
  });
  coordinator.start();
  const pair = memoryPair<WorkerMessage, CoordinatorMessage>({
    decodeAtCoordinator: decodeWorkerMessage,
    decodeAtWorker: decodeCoordinatorMessage,
    kindOf: byteKindOf,
  });
  coordinator.attach(recorded(pair.coordinator, lines));
  const worker = new Worker({
    name: "worker-0",
    connection: pair.worker,
    async prepare({ set }) {
      // As the network thread does, which is not part of this transport.
      pair.worker.send({ type: "heartbeat", progress: null });
      const { ready, hash } = await prepared(sample, set);
      return { prepared: ready, hash, fingerprint };
    },
  });
  await coordinator.result;
  await worker.left;
  own.ready.network.dispose();
  return lines.map((line) => comparable(line, own.hash));
}

const fingerprint = {
  backend: "wasm",
  backendVersion: "4.22.0",
  nodeMajor: 20,
  threads: 1,
  probe: "PROBE",
};

type Peer = Connection<CoordinatorMessage, WorkerMessage>;

/** The same connection, with every message written down as it is sent or heard. */
function recorded(connection: Peer, lines: Line[]): Peer {
  const note = (from: Line["from"], message: Line["message"], tensors: NamedTensor[]) => {
    const heads = tensors.map(({ name, kind, values }) => ({ name, kind, length: values.length }));
    lines.push({ from, message, ...(heads.length > 0 && { tensors: heads }) });
  };
  return {
    id: connection.id,
    send(message, tensors = []) {
      note("coordinator", message, tensors);
      connection.send(message, tensors);
    },
    listen: (handlers) =>
      connection.listen({
        ...handlers,
        message(message, tensors) {
          note("worker", message, tensors);
          handlers.message(message, tensors);
        },
      }),
    trust: () => connection.trust?.(),
    bytes: () => connection.bytes(),
    close: (reason) => connection.close(reason),
  };
}

/** The experiment's hash by name, numbers to three digits, memory as 0: it is tfjs's own affair. */
function comparable(line: Line, hash: string): Line {
  const text = JSON.stringify(line, (key, value: unknown) => {
    if (key === "peakBytes") return 0;
    if (value === hash) return "HASH";
    return typeof value === "number" ? Number(value.toPrecision(3)) : value;
  });
  return JSON.parse(text) as Line;
}
