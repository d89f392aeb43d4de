// Two connected ends inside one process, through the same frames, limits and byte accounts as sockets.
// Time is the caller's: every frame arrives in a call of its own to `schedule`, so a test or a
// simulation decides when. Frames of one direction keep their order whatever `schedule` does.

import { Assembler } from "./assembler.ts";
import type {
  ByteCounts,
  Connection,
  ConnectionHandlers,
  Decode,
  NamedTensor,
} from "./connection.ts";
import { defaultLimits, guestLimits, type Limits } from "./limits.ts";
import { Mailbox } from "./mailbox.ts";
import { createMeter, readMeter } from "./meter.ts";
import { Outbox } from "./outbox.ts";

export interface MemoryPairOptions<ToCoordinator, ToWorker> {
  decodeAtCoordinator: Decode<ToCoordinator>;
  decodeAtWorker: Decode<ToWorker>;
  /** What a message's bytes are booked under. @default control */
  kindOf?: (message: ToCoordinator | ToWorker) => "control" | "heartbeat";
  /** Calls the function later, never at once; one call per frame. @default queueMicrotask */
  schedule?: (deliver: () => void) => void;
  /** @default defaultLimits */
  limits?: Limits;
  /** Payload of a chunk. @default 1 MB */
  chunkBytes?: number;
  /** Of both ends. @default memory */
  id?: string;
}

export interface MemoryPair<ToCoordinator, ToWorker> {
  coordinator: Connection<ToWorker, ToCoordinator>;
  /** As a real worker's connection does, this end detaches the buffers that it is given. */
  worker: Connection<ToCoordinator, ToWorker>;
  /** Cuts the line: what is under way is lost, and both ends are told later. */
  sever(reason: string): void;
}

export function memoryPair<ToCoordinator, ToWorker>(
  options: MemoryPairOptions<ToCoordinator, ToWorker>,
): MemoryPair<ToCoordinator, ToWorker> {
  const { decodeAtCoordinator, decodeAtWorker } = options;
  const settings: EndSettings<ToCoordinator | ToWorker> = {
    limits: options.limits ?? defaultLimits,
    schedule: options.schedule ?? queueMicrotask,
    kindOf: options.kindOf ?? (() => "control"),
    id: options.id ?? "memory",
    chunkBytes: options.chunkBytes,
  };
  const coordinator = new MemoryEnd<ToWorker, ToCoordinator>(decodeAtCoordinator, {
    ...settings,
    wary: true,
  });
  const worker = new MemoryEnd<ToCoordinator, ToWorker>(decodeAtWorker, {
    ...settings,
    detach: true,
  });
  coordinator.peer = worker;
  worker.peer = coordinator;
  const sever = (reason: string) => {
    coordinator.cut(reason);
    worker.cut(reason);
  };
  return { coordinator, worker, sever };
}

interface EndSettings<Message> {
  limits: Limits;
  schedule: (deliver: () => void) => void;
  kindOf: (message: Message) => "control" | "heartbeat";
  id: string;
  chunkBytes: number | undefined;
  detach?: boolean;
  /** Takes little from its peer until it trusts it. */
  wary?: boolean;
}

class MemoryEnd<Out, In> implements Connection<Out, In> {
  readonly id: string;
  peer: MemoryEnd<In, Out> | undefined;
  readonly #settings: EndSettings<Out | In>;
  readonly #meter = createMeter();
  readonly #assembler: Assembler;
  readonly #outbox: Outbox;
  readonly #mailbox: Mailbox<In>;
  /** What is under way to the peer, oldest first. */
  readonly #line: (() => void)[] = [];
  #ended = false;

  constructor(decode: Decode<In>, settings: EndSettings<Out | In>) {
    this.id = settings.id;
    this.#settings = settings;
    const { limits, chunkBytes, wary = false } = settings;
    const accepted = wary ? guestLimits(limits) : limits;
    this.#assembler = new Assembler({ limits: accepted, meter: this.#meter });
    const chunks = chunkBytes === undefined ? {} : { chunkBytes };
    this.#outbox = new Outbox({ limits, meter: this.#meter, ...chunks });
    this.#mailbox = new Mailbox(decode);
  }

  send(message: Out, tensors: NamedTensor[] = []): void {
    if (this.#ended) return;
    const heartbeat = this.#settings.kindOf(message) === "heartbeat";
    if (heartbeat) this.#outbox.pushHeartbeat(message);
    else this.#outbox.push(message, tensors);
    for (let frame = this.#outbox.next(); frame !== undefined; frame = this.#outbox.next()) {
      const bytes = frame;
      this.#transmit(() => this.peer?.arrive(bytes));
    }
    if (this.#settings.detach) detach(tensors);
  }

  listen(handlers: ConnectionHandlers<In>): void {
    this.#mailbox.listen(handlers);
  }

  trust(): void {
    this.#assembler.setLimits(this.#settings.limits);
  }

  bytes(): ByteCounts {
    return readMeter(this.#meter);
  }

  close(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#mailbox.mute();
    this.#transmit(() => {
      this.peer?.finish("the peer closed the connection");
      this.#mailbox.closed(reason);
    });
  }

  arrive(frame: Uint8Array): void {
    this.#mailbox.receive(() => this.#assembler.accept(frame));
  }

  finish(reason: string): void {
    this.#ended = true;
    this.#line.length = 0;
    this.#mailbox.closed(reason);
  }

  cut(reason: string): void {
    this.#ended = true;
    this.#mailbox.mute();
    this.#line.length = 0;
    this.#settings.schedule(() => this.#mailbox.closed(reason));
  }

  #transmit(event: () => void): void {
    this.#line.push(event);
    this.#settings.schedule(() => this.#line.shift()?.());
  }
}

/** Views of a part of a buffer stay, as they do where a worker hands tensors to its network thread. */
function detach(tensors: readonly NamedTensor[]): void {
  const buffers = new Set(
    tensors
      .map(({ values }) => values)
      .filter(isWhole)
      .map(bufferOf),
  );
  structuredClone(null, { transfer: [...buffers] });
}

const isWhole = (values: Float32Array) => values.byteLength === values.buffer.byteLength;
const bufferOf = (values: Float32Array) => values.buffer as ArrayBuffer;
