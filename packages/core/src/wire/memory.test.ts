import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import type { Connection, NamedTensor } from "./connection.ts";
import { type MemoryPairOptions, memoryPair } from "./memory.ts";
import { malformed } from "./violations.ts";

fc.configureGlobal({ seed: 1 });

type Message = { n: number };

function decode(raw: unknown): Message {
  if (typeof (raw as Message).n !== "number") throw malformed("no n");
  return raw as Message;
}

/** A pair whose deliveries wait until they are run. */
function pairOf(options: Partial<MemoryPairOptions<Message, Message>> = {}) {
  const due: (() => void)[] = [];
  const schedule = (deliver: () => void) => void due.push(deliver);
  const pair = memoryPair<Message, Message>({
    decodeAtCoordinator: decode,
    decodeAtWorker: decode,
    schedule,
    ...options,
  });
  const run = () => {
    for (let next = due.shift(); next !== undefined; next = due.shift()) next();
  };
  return { ...pair, due, run };
}

function record(connection: Connection<Message, Message>) {
  const events: string[] = [];
  const tensors: NamedTensor[][] = [];
  connection.listen({
    message(message, list) {
      events.push(`message ${message.n}`);
      tensors.push(list);
    },
    malformed: (error) => events.push(error.code),
    closed: (reason) => events.push(`closed: ${reason}`),
  });
  return { events, tensors };
}

const tensor = (length: number): NamedTensor => ({
  name: "w",
  kind: "trunk",
  values: Float32Array.from({ length }, (_, i) => i),
});

describe("memory pair", () => {
  test("delivers whole messages in order, later and never at once", () => {
    const { coordinator, worker, run } = pairOf({ chunkBytes: 1024 });
    const { events, tensors } = record(worker);
    coordinator.send({ n: 1 });
    coordinator.send({ n: 2 }, [tensor(1000)]);
    coordinator.send({ n: 3 });
    expect(events).toEqual([]);
    run();
    expect(events).toEqual(["message 1", "message 2", "message 3"]);
    expect(tensors[1]).toEqual([tensor(1000)]);
  });

  test("keeps the order whatever the schedule does", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), (picks) => {
        const { coordinator, worker, due } = pairOf({ chunkBytes: 1024 });
        const { events } = record(worker);
        for (const n of [1, 2, 3]) coordinator.send({ n }, [tensor(600)]);
        for (const pick of picks) due.splice(pick % Math.max(1, due.length), 1)[0]?.();
        expect(events).toEqual(["message 1", "message 2", "message 3"]);
      }),
    );
  });

  test("keeps what comes before anyone listens", () => {
    const { coordinator, worker, run } = pairOf();
    coordinator.send({ n: 1 });
    run();
    expect(record(worker).events).toEqual(["message 1"]);
  });

  test("books the same bytes on both ends", () => {
    const { coordinator, worker, run } = pairOf();
    record(worker);
    coordinator.send({ n: 1 }, [tensor(1000)]);
    run();
    const { sent, byKind } = coordinator.bytes();
    expect(sent).toBeGreaterThan(4000);
    expect(worker.bytes()).toEqual({ sent: 0, received: sent, byKind });
  });

  test("books heartbeats apart", () => {
    const { coordinator, worker, run } = pairOf({ kindOf: () => "heartbeat" });
    record(coordinator);
    worker.send({ n: 1 });
    run();
    const { received, byKind } = coordinator.bytes();
    expect(byKind).toMatchObject({ heartbeat: received, control: 0 });
  });

  test("detaches the worker's tensors, as its network thread does, but no foreign memory", () => {
    const { coordinator, worker } = pairOf();
    const [whole, part] = [
      tensor(8),
      { ...tensor(0), values: new Float32Array(16).subarray(4, 8) },
    ];
    worker.send({ n: 1 }, [whole, part]);
    expect([whole.values.length, part.values.length]).toEqual([0, 4]);
    const kept = tensor(8);
    coordinator.send({ n: 1 }, [kept]);
    expect(kept.values.length).toBe(8);
  });

  test("delivers before the close, and tells both ends once", () => {
    const { coordinator, worker, run } = pairOf();
    const [at, of] = [record(worker), record(coordinator)];
    worker.send({ n: 9 });
    coordinator.send({ n: 1 });
    coordinator.close("done");
    coordinator.close("again");
    coordinator.send({ n: 2 });
    run();
    expect(at.events).toEqual(["message 1", "closed: the peer closed the connection"]);
    expect(of.events).toEqual(["closed: done"]);
  });

  test("tells of a malformed message once, and can still answer it", () => {
    const { coordinator, worker, run } = pairOf();
    const peer = record(worker);
    const events: string[] = [];
    coordinator.listen({
      message: () => events.push("message"),
      malformed(error) {
        events.push(error instanceof ProtocolError ? error.code : "untyped");
        coordinator.send({ n: -1 });
        coordinator.close("broke the protocol");
      },
      closed: (reason) => events.push(reason),
    });
    worker.send({} as Message);
    worker.send({ n: 1 });
    run();
    expect(events).toEqual(["protocol/malformed", "broke the protocol"]);
    expect(peer.events).toEqual(["message -1", "closed: the peer closed the connection"]);
  });

  test("takes no tensors from a worker at the coordinator before it is trusted", () => {
    const refused = pairOf();
    const { events } = record(refused.coordinator);
    refused.worker.send({ n: 1 });
    refused.worker.send({ n: 2 }, [tensor(1)]);
    refused.run();
    expect(events).toEqual(["message 1", "protocol/too-large"]);

    const trusted = pairOf();
    const heard = record(trusted.coordinator).events;
    trusted.coordinator.trust?.();
    trusted.worker.send({ n: 2 }, [tensor(1)]);
    trusted.run();
    expect(heard).toEqual(["message 2"]);
  });

  test("loses what is under way when it is cut", () => {
    const { coordinator, worker, sever, run } = pairOf();
    const [at, of] = [record(worker), record(coordinator)];
    coordinator.send({ n: 1 });
    sever("cable");
    run();
    expect([at.events, of.events]).toEqual([["closed: cable"], ["closed: cable"]]);
  });

  test("delivers in microtasks by itself", async () => {
    const { coordinator, worker } = memoryPair<Message, Message>({
      decodeAtCoordinator: decode,
      decodeAtWorker: decode,
    });
    const { events } = record(worker);
    coordinator.send({ n: 1 });
    await Promise.resolve();
    expect(events).toEqual(["message 1"]);
  });
});
