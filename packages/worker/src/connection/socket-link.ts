// The worker's socket to the coordinator: finds it, retrying until a deadline, then carries frames until
// either side closes. It never reconnects by itself, because a new connection is a new membership and
// the session decides about that. Runs on the network thread; knows no messages.

import {
  frameEvent,
  type Limits,
  malformed,
  malformedEvent,
  type Outbox,
  type ProtocolError,
  Pump,
  socketParser,
} from "@trunkline/core/wire";
import { Manager, type Socket } from "socket.io-client";
import { pacedWebSocket } from "./paced-websocket.ts";

/** Between attempts, doubling with jitter, so that many waiting workers do not come all at once. */
const retryMs = { first: 100, longest: 2_000 } as const;
/** One attempt; an address that swallows packets must not use up the whole time. */
const attemptTimeoutMs = 5_000;
/** A closing link on which no byte moves for this long is given up. */
const stallTimeoutMs = 5_000;

export interface SocketLinkOptions {
  url: string;
  limits: Limits;
  outbox: Outbox;
  connectTimeoutMs: number;
}

export interface SocketLinkHandlers {
  connected(id: string): void;
  /** In place of `connected`, and the end. */
  unreachable(cause: string): void;
  frame(frame: Uint8Array): void;
  malformed(error: ProtocolError): void;
  /** Once after `connected`, last; the socket is gone. */
  closed(reason: string): void;
}

export class SocketLink {
  readonly #handlers: SocketLinkHandlers;
  readonly #outbox: Outbox;
  readonly #manager: Manager;
  readonly #socket: Socket;
  readonly #pump: Pump;
  #deadline: NodeJS.Timeout;
  #state: "connecting" | "connected" | "closing" | "closed" = "connecting";
  #reason = "the connection was closed";
  #lastError = "no answer";

  constructor(
    { url, limits, outbox, connectTimeoutMs }: SocketLinkOptions,
    handlers: SocketLinkHandlers,
  ) {
    this.#handlers = handlers;
    this.#outbox = outbox;
    const written = (message: Uint8Array) => this.#written(message);
    const closed = (code: number) => this.#socketClosed(code);
    // As at the coordinator: a frame between our limit and this one is malformed with a reason.
    const maxMessageBytes = 4 * limits.maxFrameBytes;
    const transport = pacedWebSocket({ maxMessageBytes, written, closed });
    this.#manager = new Manager(url, managerOptions(transport, limits, connectTimeoutMs));
    this.#socket = this.#manager.socket("/");
    this.#pump = new Pump({
      outbox,
      write: (frame) => this.#socket.emit(frameEvent, frame),
      finished: () => this.#socket.disconnect(),
    });
    this.#deadline = setTimeout(() => this.#giveUp(), connectTimeoutMs);
    this.#hear();
    this.#socket.connect();
  }

  /** Sends what was put into the outbox. */
  run(): void {
    if (this.#state === "connected") this.#pump.run();
  }

  /** Sends what is in the outbox, then closes. */
  close(reason: string): void {
    this.#giveUp();
    if (this.#state !== "connected") return;
    this.#state = "closing";
    this.#reason = reason;
    this.#deadline = setTimeout(() => this.#finish(), stallTimeoutMs);
    this.#pump.finish();
  }

  #hear(): void {
    const manager = this.#manager;
    const note = (error: Error) => {
      this.#lastError = causeOf(error);
    };
    manager.on("error", note);
    manager.on("reconnect_error", note);
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("connect_error", (error) => {
      note(error);
      // Retried unless the server itself refused, which it would do again.
      if (!this.#socket.active) this.#giveUp();
    });
    this.#socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.#socket.onAny((event: string, value: unknown) => this.#receive(event, value));
  }

  #connected(): void {
    clearTimeout(this.#deadline);
    this.#manager.reconnection(false);
    this.#state = "connected";
    this.#handlers.connected(this.#socket.id ?? "");
    this.#pump.run();
  }

  /** Before the connection is made; later it does nothing. */
  #giveUp(): void {
    if (this.#state !== "connecting") return;
    this.#state = "closed";
    clearTimeout(this.#deadline);
    this.#manager.reconnection(false);
    this.#socket.disconnect();
    this.#handlers.unreachable(this.#lastError);
  }

  #receive(event: string, value: unknown): void {
    if (event === frameEvent) this.#handlers.frame(value as Uint8Array);
    else if (event === malformedEvent) this.#handlers.malformed(value as ProtocolError);
    else this.#handlers.malformed(malformed("The coordinator sent an event that is no frame."));
  }

  #written(message: Uint8Array): void {
    if (this.#state === "closing") this.#deadline.refresh();
    // Packets of socket.io itself begin with zero and were not counted.
    if (message[0] !== 0) this.#pump.written(message);
  }

  #disconnected(reason: string): void {
    if (this.#state === "connected") this.#reason = inWords(reason);
    if (this.#state !== "closing") clearTimeout(this.#deadline);
  }

  #socketClosed(code: number): void {
    if (this.#state === "connecting") return;
    // RFC 6455: 1009 is a message that is too big to process.
    const tooBig = this.#state === "connected" && code === 1009;
    if (tooBig) this.#reason = "the peer refused a frame over its size limit";
    this.#finish();
  }

  #finish(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#deadline);
    this.#outbox.clear();
    this.#socket.disconnect();
    this.#handlers.closed(this.#reason);
  }
}

function managerOptions(
  transport: ReturnType<typeof pacedWebSocket>,
  limits: Limits,
  connectTimeoutMs: number,
) {
  return {
    parser: socketParser(limits),
    transports: [transport],
    autoConnect: false,
    reconnection: true,
    reconnectionDelay: retryMs.first,
    reconnectionDelayMax: retryMs.longest,
    timeout: Math.min(attemptTimeoutMs, connectTimeoutMs),
  };
}

/** The library says "websocket error" and keeps what happened in a field. */
function causeOf(error: Error): string {
  const { description } = error as { description?: { message?: unknown } };
  return typeof description?.message === "string" ? description.message : error.message;
}

function inWords(reason: string): string {
  return reason === "io server disconnect"
    ? "the peer closed the connection"
    : `the connection broke (${reason})`;
}
