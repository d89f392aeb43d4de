// The main thread's end of the connection: posts messages to the network thread, which owns the socket,
// and decodes what it posts back. Nothing here waits; the main thread may be busy with tensors for as
// long as it likes, while the other one keeps the heartbeats going.

import type { Worker } from "node:worker_threads";
import {
  type ByteCounts,
  type Connection,
  type ConnectionHandlers,
  checkTensors,
  type Decode,
  type Limits,
  Mailbox,
  type Meter,
  type NamedTensor,
  ProtocolError,
  readMeter,
} from "@trunkline/core";
import type { Order, PlainError, Report } from "./thread-messages.ts";

export interface WorkerConnection<Out, In> extends Connection<Out, In> {
  /** Sends `template` now and then each `heartbeatMs`, whatever this thread does, until the close. */
  startHeartbeats(template: Out): void;
  /** Gives fields of the heartbeat new values from the next one on. */
  progress(fields: Partial<Out>): void;
}

export interface ThreadConnectionOptions<In> {
  limits: Limits;
  decode: Decode<In>;
  /** Shared with the thread. */
  meter: Meter;
}

/** Why the thread never came to a connection. */
export class ConnectFailure extends Error {}

export class ThreadConnection<Out extends object, In> implements WorkerConnection<Out, In> {
  /** Settles with the first that the thread reports; rejects with `ConnectFailure`. */
  readonly opened: Promise<void>;
  readonly #thread: Worker;
  readonly #options: ThreadConnectionOptions<In>;
  readonly #mailbox: Mailbox<In>;
  readonly #settle: { open: () => void; fail: (cause: Error) => void };
  #id = "";
  #closeReason: string | undefined;

  constructor(thread: Worker, options: ThreadConnectionOptions<In>) {
    this.#thread = thread;
    this.#options = options;
    this.#mailbox = new Mailbox(options.decode);
    let settle = { open: () => {}, fail: (_cause: Error) => {} };
    this.opened = new Promise((open, fail) => {
      settle = { open, fail };
    });
    this.#settle = settle;
    thread.on("message", (report: Report) => this.#hear(report));
    thread.on("error", (error) => this.#end(`the network thread failed: ${error.message}`));
    thread.on("exit", () => this.#end("the network thread ended"));
  }

  get id(): string {
    return this.#id;
  }

  send(message: Out, tensors: NamedTensor[] = []): void {
    if (this.#closeReason !== undefined) return;
    checkTensors(tensors, this.#options.limits);
    const own = tensors.map(ownBuffer);
    const buffers = new Set(own.map(({ values }) => values.buffer as ArrayBuffer));
    this.#order({ type: "send", message, tensors: own }, [...buffers]);
  }

  startHeartbeats(template: Out): void {
    this.#order({ type: "startHeartbeats", template });
  }

  progress(fields: Partial<Out>): void {
    this.#order({ type: "progress", fields });
  }

  listen(handlers: ConnectionHandlers<In>): void {
    this.#mailbox.listen(handlers);
  }

  bytes(): ByteCounts {
    return readMeter(this.#options.meter);
  }

  close(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#mailbox.mute();
    this.#order({ type: "close", reason });
  }

  #order(order: Order, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(order, transfer);
  }

  #hear(report: Report): void {
    switch (report.type) {
      case "connected":
        this.#id = report.id;
        this.#settle.open();
        return;
      case "unreachable":
        this.#end(report.cause);
        return;
      case "message":
        this.#mailbox.deliver(report);
        return;
      case "malformed":
        this.#mailbox.malformed(revive(report.error));
        return;
      case "closed":
        this.#end(report.reason);
        return;
      default:
        report satisfies never;
    }
  }

  /** The thread has nothing left to do, so that terminating it loses nothing. */
  #end(reason: string): void {
    this.#settle.fail(new ConnectFailure(reason));
    this.#mailbox.closed(this.#closeReason ?? reason);
    this.#closeReason ??= reason;
    this.#thread.terminate().catch(() => {});
  }
}

/** A view of a part of a buffer is copied: its owner may need the rest, and wasm memory cannot move. */
function ownBuffer(tensor: NamedTensor): NamedTensor {
  const { values } = tensor;
  return values.byteLength === values.buffer.byteLength
    ? tensor
    : { ...tensor, values: values.slice() };
}

function revive({ code, message, remedy, details }: PlainError): ProtocolError {
  return new ProtocolError(code, message, { remedy, details });
}
