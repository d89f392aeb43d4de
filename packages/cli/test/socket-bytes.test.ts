// The bytes that a result reports against those that the sockets count, with a coordinator and two workers
// over real sockets in this process.

import { Coordinator, listen, type SocketServer } from "@trunkline/coordinator";
import {
  byteKindOf,
  type Connection,
  type CoordinatorMessage,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  type NamedTensor,
  protocolVersion,
  type RunResult,
  type WorkerMessage,
} from "@trunkline/core";
import { connect, Worker } from "@trunkline/worker";
import { expect, test } from "vitest";
import { fingerprint, prepared, wallClock } from "../../../test/support/cluster.ts";
import { trainReference } from "../../../test/support/reference.ts";
import circles from "./fixtures/circles/experiment.ts";
import { rawPeer } from "./support/raw-peer.ts";

type Peer = Connection<CoordinatorMessage, WorkerMessage>;

const set = { epochs: "10" };
const chunkBytes = 2 ** 20;
/** WebSocket's own header: 2 to 10 bytes, and 4 of a mask from clients. */
const header = { sent: 10, received: 14 };
/** HTTP upgrade and socket.io's greetings, and at the end the order to stop and the closing frames. */
const perConnection = 1_500;

/** Frames in each direction: one for a message, and one for each chunk of its tensors. */
class FrameCount {
  sent = 0;
  received = 0;

  /** The connection, with every frame counted on its way. */
  of(connection: Peer): Peer {
    return {
      id: connection.id,
      send: (message, tensors) => {
        this.sent += framesOf(tensors);
        connection.send(message, tensors);
      },
      listen: (handlers) =>
        connection.listen({
          ...handlers,
          message: (message, tensors) => {
            this.received += framesOf(tensors);
            handlers.message(message, tensors);
          },
        }),
      trust: () => connection.trust?.(),
      bytes: () => connection.bytes(),
      close: (reason) => connection.close(reason),
    };
  }
}

function framesOf(tensors: readonly NamedTensor[] = []): number {
  return tensors.reduce((sum, { values }) => sum + Math.ceil(values.byteLength / chunkBytes), 1);
}

interface SocketRun {
  result: RunResult;
  server: SocketServer;
  frames: FrameCount;
  /** What a stranger was told who said nonsense in the midst of the run. */
  stranger: { type: string; code?: string }[];
}

async function trainOverSockets(workers: number): Promise<SocketRun> {
  const { ready, hash } = await prepared(circles, set);
  const coordinator = new Coordinator({
    experiment: ready,
    experimentHash: hash,
    run: "sockets",
    workers,
    allowMixed: false,
    clock: wallClock,
  });
  const frames = new FrameCount();
  const server = await listen<CoordinatorMessage, WorkerMessage>({
    decode: decodeWorkerMessage,
    kindOf: byteKindOf,
    onConnection: (connection) => coordinator.attach(frames.of(connection)),
  });
  const peer = await rawPeer(server.url);
  peer.send({ type: "hello", protocol: protocolVersion, name: "stranger" });
  const undo = coordinator.subscribe(({ type }) => {
    if (type !== "step") return;
    undo();
    peer.send({ type: "no such message" });
  });
  coordinator.start();
  const members = await Promise.all(
    Array.from({ length: workers }, (_, i) => joinOverSocket(server.url, `worker-${i}`)),
  );
  const result = await coordinator.result;
  const stranger = await peer.closed;
  await Promise.all(members.map((member) => member.left));
  await server.close();
  ready.network.dispose();
  return { result, server, frames, stranger };
}

async function joinOverSocket(url: string, name: string): Promise<Worker> {
  const connection = await connect<WorkerMessage, CoordinatorMessage>({
    url,
    decode: decodeCoordinatorMessage,
  });
  const worker = new Worker({
    name,
    connection,
    prepare: async (overrides) => {
      const { ready, hash } = await prepared(circles, overrides.set);
      return { prepared: ready, hash, fingerprint };
    },
  });
  connection.startHeartbeats({ type: "heartbeat", progress: null });
  return worker;
}

test("a result's bytes are the sockets' own but for a stated overhead, and strangers change no bit", async () => {
  const { result, server, frames, stranger } = await trainOverSockets(2);
  expect(result).toMatchObject({ status: "finished", hashes: await trainReference(circles, set) });
  expect(stranger).toMatchObject([
    { type: "invitation" },
    { type: "refuse", code: "protocol/unknown-tag" },
  ]);

  const sum = (direction: "sent" | "received") =>
    result.phases.reduce((total, { bytes }) => total + bytes[direction], 0);
  const sockets = server.socketBytes();
  for (const [payload, counted, direction] of [
    [sum("sent"), sockets.written, "sent"],
    [sum("received"), sockets.read, "received"],
  ] as const) {
    expect(counted).toBeGreaterThanOrEqual(payload);
    const overhead = frames[direction] * header[direction] + 3 * perConnection;
    expect(counted - payload).toBeLessThanOrEqual(overhead);
    // The bound says something: payload is most of it.
    expect(overhead).toBeLessThan(payload);
  }
  for (const { kind, bytes } of result.phases) {
    if (kind !== "head") continue;
    expect(bytes.byKind).toMatchObject({ trunk: 0, gradients: 0 });
  }
});
