// Coordinator's and worker's transports against each other, over real sockets on loopback.

import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { type ListenOptions, listen, type SocketServer } from "@trunkline/coordinator";
import {
  type Connection,
  defaultLimits,
  type NamedTensor,
  type ProtocolError,
  tooLarge,
} from "@trunkline/core";
import { type ConnectOptions, connect, type WorkerConnection } from "@trunkline/worker";
import { afterEach, describe, expect, test } from "vitest";

interface Message {
  type: string;
  n?: number;
}

const decode = (raw: unknown) => raw as Message;
const kindOf = ({ type }: Message) =>
  type === "heartbeat" ? ("heartbeat" as const) : ("control" as const);

type Event = Message & { tensors?: NamedTensor[]; reason?: string; error?: ProtocolError };

/** What one end was told, in order; `next` waits for what is still to come. */
class Record {
  readonly #events: Event[] = [];
  readonly #waiting: ((event: Event) => void)[] = [];

  constructor(
    connection: Connection<Message, Message>,
    onMalformed?: (error: ProtocolError) => void,
  ) {
    connection.listen({
      message: (message, tensors) => this.#add({ ...message, tensors }),
      malformed: (error) => {
        this.#add({ type: "malformed", error });
        onMalformed?.(error);
      },
      closed: (reason) => this.#add({ type: "closed", reason }),
    });
  }

  async next(): Promise<Event> {
    return this.#events.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  async take(count: number): Promise<Event[]> {
    const events: Event[] = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }

  #add(event: Event): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  }
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface PairOptions {
  /** Whether the coordinator's end takes tensors and long messages. @default true */
  trust?: boolean;
  listen?: Partial<ListenOptions<Message, Message>>;
  connect?: Partial<ConnectOptions<Message>>;
  onMalformed?: (error: ProtocolError, at: Connection<Message, Message>) => void;
}

interface Pair {
  server: SocketServer;
  coordinator: Connection<Message, Message>;
  worker: WorkerConnection<Message, Message>;
  /** The server's, in the order of connecting. */
  sockets: Socket[];
  /** What each end heard. */
  atCoordinator: Record;
  atWorker: Record;
}

async function pair(options: PairOptions = {}): Promise<Pair> {
  let arrived: (at: Pick<Pair, "coordinator" | "atCoordinator">) => void = () => {};
  const first = new Promise<Pick<Pair, "coordinator" | "atCoordinator">>((resolve) => {
    arrived = resolve;
  });
  const server = await listen<Message, Message>({
    decode,
    kindOf,
    onConnection(coordinator) {
      const answer = (error: ProtocolError) => options.onMalformed?.(error, coordinator);
      if (options.trust !== false) coordinator.trust?.();
      arrived({ coordinator, atCoordinator: new Record(coordinator, answer) });
    },
    ...options.listen,
  });
  closing.push(() => server.close());
  const sockets: Socket[] = [];
  server.http.on("connection", (socket: Socket) => sockets.push(socket));
  const worker = await connect<Message, Message>({ url: server.url, decode, ...options.connect });
  closing.push(() => worker.close("the test is over"));
  return { server, sockets, worker, atWorker: new Record(worker), ...(await first) };
}

const tensor = (length: number, name = "w", kind: NamedTensor["kind"] = "trunk"): NamedTensor => ({
  name,
  kind,
  values: Float32Array.from({ length }, (_, i) => i % 1_000),
});

/** Values as their hash, as comparing large arrays one by one takes longer than sending them. */
function summary({ tensors = [], ...message }: Event) {
  const hashes = tensors.map(({ name, kind, values }) => {
    return {
      name,
      kind,
      length: values.length,
      hash: createHash("sha1").update(values).digest("hex"),
    };
  });
  return { ...message, hashes };
}

describe("messages", () => {
  test("cross in both directions with none, one and many tensors, in order", async () => {
    const { coordinator, worker, atCoordinator, atWorker } = await pair();
    // Over a chunk, off every alignment of its buffer, and empty.
    const lists = () => [
      [],
      [tensor(1)],
      [tensor(700_001), { ...tensor(0, "view"), values: tensor(50).values.subarray(3, 40) }],
      Array.from({ length: 40 }, (_, i) => tensor(i, `t${i}`, "heads")),
      [],
    ];
    for (const [n, list] of lists().entries()) worker.send({ type: "up", n }, list);
    for (const [n, list] of lists().entries()) coordinator.send({ type: "down", n }, list);
    const wanted = (type: string) => lists().map((tensors, n) => summary({ type, n, tensors }));
    expect((await atCoordinator.take(5)).map(summary)).toEqual(wanted("up"));
    expect((await atWorker.take(5)).map(summary)).toEqual(wanted("down"));
  });

  test("hand the worker's tensors over without a copy", async () => {
    const { worker, atCoordinator } = await pair();
    const own = tensor(1_000);
    worker.send({ type: "up" }, [own]);
    expect(own.values.length).toBe(0);
    expect((await atCoordinator.next()).tensors?.[0]?.values.length).toBe(1_000);
  });

  test("name both ends alike", async () => {
    const { coordinator, worker } = await pair();
    expect(worker.id).toBe(coordinator.id);
  });
});

describe("byte accounts", () => {
  test("are the same on both sides, and the sockets' own up to a stated overhead", async () => {
    const { server, coordinator, worker, atCoordinator, atWorker } = await pair();
    const before = server.socketBytes();
    for (let n = 0; n < 5; n++) {
      worker.send({ type: "up", n }, [tensor(300_000, "g", "gradients"), tensor(10, "h", "heads")]);
      coordinator.send({ type: "down", n }, [tensor(300_000)]);
    }
    await Promise.all([atCoordinator.take(5), atWorker.take(5)]);
    const [here, there] = [coordinator.bytes(), worker.bytes()];
    expect(there).toEqual({ sent: here.received, received: here.sent, byKind: here.byKind });
    expect(here.byKind).toMatchObject({
      trunk: 5 * (1_200_000 + 2 * 16),
      gradients: 5 * (1_200_000 + 2 * 16),
      heads: 5 * (40 + 16),
      optimizer: 0,
      heartbeat: 0,
    });
    const sum = Object.values(here.byKind).reduce((total, bytes) => total + bytes, 0);
    expect(sum).toBe(here.sent + here.received);

    const sockets = server.socketBytes();
    // Five messages of 4 frames and of 3, each with at most 14 bytes of WebSocket header.
    const [read, written] = [sockets.read - before.read, sockets.written - before.written];
    expect(read - here.received).toBeGreaterThan(0);
    expect(read - here.received).toBeLessThanOrEqual(5 * 4 * 14);
    expect(written - here.sent).toBeGreaterThan(0);
    expect(written - here.sent).toBeLessThanOrEqual(5 * 3 * 10);
    // The handshakes before it.
    expect(before.read).toBeLessThan(1_024);
    expect(before.written).toBeLessThan(1_024);
  });
});

describe("what is queued", () => {
  const bytes = 4 * 10_000_000 + 39 * 16;

  test("is booked at once, and is what goes out", async () => {
    const { server, coordinator, worker, atWorker } = await pair();
    const before = server.socketBytes().written;
    coordinator.send({ type: "down" }, [tensor(10_000_000)]);
    const booked = coordinator.bytes();
    expect(booked.byKind.trunk).toBe(bytes);
    await atWorker.next();
    expect(coordinator.bytes()).toEqual(booked);
    expect(worker.bytes().byKind.trunk).toBe(bytes);
    const overhead = server.socketBytes().written - before - booked.sent;
    expect(overhead).toBeGreaterThan(0);
    expect(overhead).toBeLessThanOrEqual(40 * 10);
  });

  test("is taken off the account when the connection is cut", async () => {
    const { sockets, coordinator, atCoordinator } = await pair();
    coordinator.send({ type: "down" }, [tensor(10_000_000)]);
    sockets[0]!.destroy();
    await atCoordinator.next();
    const { sent, byKind } = coordinator.bytes();
    expect(byKind.trunk).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(sent).toBe(byKind.trunk + byKind.control);
  });
});

describe("a guest", () => {
  test("sends short messages and no tensors", async () => {
    const long = { type: "x".repeat(2 ** 16) };
    const speak: ((worker: WorkerConnection<Message, Message>) => void)[] = [
      (worker) => worker.send(long),
      (worker) => worker.send({ type: "up" }, [tensor(1)]),
    ];
    for (const breakRules of speak) {
      const { worker, atCoordinator } = await pair({
        trust: false,
        onMalformed: (_error, at) => at.close("broke the protocol"),
      });
      worker.send({ type: "hello" });
      breakRules(worker);
      expect((await atCoordinator.next()).type).toBe("hello");
      expect((await atCoordinator.next()).error?.code).toBe("protocol/too-large");
    }
  });

  test("finds no room among too many others, until one of them is trusted", async () => {
    const { server, coordinator } = await pair({ trust: false, listen: { maxGuests: 1 } });
    let attempts = 0;
    server.http.on("upgrade", () => {
      attempts += 1;
    });
    const refused = once(server.http, "upgrade");
    const retrying = connect<Message, Message>({ url: server.url, decode });
    await refused;
    coordinator.trust?.();
    const worker = await retrying;
    closing.push(() => worker.close("the test is over"));
    expect(attempts).toBeGreaterThan(1);
  });
});

describe("heartbeats", () => {
  test("are sent while the main thread is busy, and messages keep their order around it", async () => {
    const { worker, atCoordinator } = await pair({ connect: { heartbeatMs: 100 } });
    worker.startHeartbeats({ type: "heartbeat", n: 0 });
    for (let n = 0; n < 100; n++) worker.send({ type: "work", n }, [tensor(100)]);
    worker.progress({ n: 7 });
    const started = performance.now();
    while (performance.now() - started < 2_200);
    const free = performance.now();
    const events = await atCoordinator.take(100 + 17);
    // 17 heartbeats take 1.6 s to send; they are here sooner because they were sent before.
    expect(performance.now() - free).toBeLessThan(1_500);
    const work = events.filter(({ type }) => type === "work");
    expect(work.map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    const beats = events.filter(({ type }) => type === "heartbeat");
    expect(beats.length).toBe(17);
    expect([beats[0]?.n, beats.at(-1)?.n]).toEqual([0, 7]);
  });

  test("do not wait for tensors that are queued", async () => {
    const { worker, atCoordinator } = await pair();
    worker.send({ type: "large" }, [tensor(10_000_000)]);
    worker.startHeartbeats({ type: "heartbeat" });
    const types = (await atCoordinator.take(2)).map(({ type }) => type);
    expect(types).toEqual(["heartbeat", "large"]);
  });

  test("are booked as such", async () => {
    const { coordinator, worker, atCoordinator } = await pair();
    worker.startHeartbeats({ type: "heartbeat" });
    await atCoordinator.next();
    const { received, byKind } = coordinator.bytes();
    expect(byKind).toMatchObject({ heartbeat: received, control: 0 });
  });
});

describe("a peer that breaks the protocol", () => {
  const small = { ...defaultLimits, maxFrameBytes: 2_048 };
  const answerAndClose: PairOptions["onMalformed"] = (error, at) => {
    at.send({ type: `refuse ${error.code}` });
    at.close("broke the protocol");
  };
  const text = (length: number) => ({ type: "x".repeat(length) });

  test("gets a typed answer to a frame that is too large, then the close", async () => {
    const { worker, atWorker, atCoordinator } = await pair({
      listen: { limits: small },
      onMalformed: answerAndClose,
    });
    worker.send(text(5_000));
    worker.send({ type: "never heard" });
    expect((await atCoordinator.next()).error?.code).toBe("protocol/too-large");
    expect(await atCoordinator.next()).toEqual({ type: "closed", reason: "broke the protocol" });
    expect((await atWorker.next()).type).toBe("refuse protocol/too-large");
    expect((await atWorker.next()).reason).toBe("the peer closed the connection");
  });

  test("is told by the close code where the socket itself refuses to read on", async () => {
    const { worker, atWorker, atCoordinator } = await pair({ listen: { limits: small } });
    worker.send(text(50_000));
    expect((await atCoordinator.next()).error?.code).toBe("protocol/too-large");
    expect((await atCoordinator.next()).type).toBe("closed");
    expect((await atWorker.next()).reason).toBe("the peer refused a frame over its size limit");
  });

  test("gets a typed answer to a tensor that is too large", async () => {
    const limits = { ...defaultLimits, maxTensorBytes: 1_024 };
    const { worker, atWorker } = await pair({ listen: { limits }, onMalformed: answerAndClose });
    worker.send({ type: "up" }, [tensor(257)]);
    expect((await atWorker.next()).type).toBe("refuse protocol/too-large");
  });

  test("gets a typed answer to a message that its schema refuses", async () => {
    const refuse = () => {
      throw tooLarge("anything", 2, "nothing", 1);
    };
    const { worker, atWorker } = await pair({
      listen: { decode: refuse },
      onMalformed: answerAndClose,
    });
    worker.send({ type: "up" });
    expect((await atWorker.next()).type).toBe("refuse protocol/too-large");
  });

  test("is closed after a while if nobody answers it", async () => {
    const { worker, atWorker, atCoordinator } = await pair({ listen: { limits: small } });
    worker.send(text(5_000));
    expect((await atCoordinator.next()).type).toBe("malformed");
    expect((await atCoordinator.next()).reason).toBe("the worker broke the protocol");
    expect((await atWorker.next()).type).toBe("closed");
  });

  test("can be the coordinator, which the worker finds out and answers", async () => {
    const { coordinator, worker, atWorker, atCoordinator } = await pair({
      connect: { limits: small },
    });
    coordinator.send(text(5_000));
    expect((await atWorker.next()).error?.code).toBe("protocol/too-large");
    worker.send({ type: "goodbye" });
    worker.close("the coordinator broke the protocol");
    expect((await atCoordinator.next()).type).toBe("goodbye");
    expect((await atWorker.next()).reason).toBe("the coordinator broke the protocol");
  });

  test("can be ourselves, which is found out before anything is sent", async () => {
    const { worker, atWorker } = await pair({
      connect: { limits: { ...small, maxTensorBytes: 1_024 } },
    });
    expect(() => worker.send({ type: "up" }, [tensor(257)])).toThrow("`maxTensorBytes`");
    worker.send(text(5_000));
    expect((await atWorker.next()).error?.code).toBe("protocol/too-large");
  });
});

describe("a close", () => {
  test("by the worker comes after all that it sent", async () => {
    const { worker, atCoordinator, atWorker } = await pair();
    worker.send({ type: "last" }, [tensor(5_000_000)]);
    worker.close("done");
    expect((await atCoordinator.next()).tensors?.[0]?.values.length).toBe(5_000_000);
    expect(await atCoordinator.next()).toEqual({
      type: "closed",
      reason: "the peer closed the connection",
    });
    expect(await atWorker.next()).toEqual({ type: "closed", reason: "done" });
  });

  test("by the coordinator comes after all that it sent", async () => {
    const { coordinator, atCoordinator, atWorker } = await pair();
    coordinator.send({ type: "last" }, [tensor(5_000_000)]);
    coordinator.close("done");
    expect((await atWorker.next()).tensors?.[0]?.values.length).toBe(5_000_000);
    expect(await atWorker.next()).toEqual({
      type: "closed",
      reason: "the peer closed the connection",
    });
    expect(await atCoordinator.next()).toEqual({ type: "closed", reason: "done" });
  });

  test("of the server closes every connection", async () => {
    const { server, atCoordinator, atWorker } = await pair();
    await server.close();
    expect((await atCoordinator.next()).reason).toBe("the coordinator shuts down");
    expect((await atWorker.next()).reason).toBe("the peer closed the connection");
  });

  test("of the cable is told on both sides, and sending afterwards does no harm", async () => {
    const { sockets, coordinator, worker, atCoordinator, atWorker } = await pair();
    sockets[0]!.destroy();
    expect((await atWorker.next()).reason).toBe("the connection broke (transport close)");
    expect((await atCoordinator.next()).reason).toBe("the connection broke (transport close)");
    for (const end of [coordinator, worker]) {
      end.send({ type: "late" }, [tensor(10)]);
      end.close("late");
    }
  });
});

describe("connecting", () => {
  test("waits for a coordinator that starts later", async () => {
    const { server: first } = await pair();
    const { port, url } = first;
    await first.close();
    const connecting = connect<Message, Message>({ url, decode, connectTimeoutMs: 20_000 });
    const server = await listen<Message, Message>({
      port,
      decode,
      onConnection: (connection) => {
        new Record(connection);
      },
    });
    closing.push(() => server.close());
    const worker = await connecting;
    closing.push(() => worker.close("the test is over"));
    expect(worker.id).not.toBe("");
  });
});
