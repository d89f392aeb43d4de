// One worker as the coordinator sees it, over one socket.io socket. Frames in and out, the byte account,
// and the deadlines of closing; what messages mean is the machine's business. socket.io's reasons are
// put into words here, so that nothing above has to know them.

import {
  Assembler,
  type ByteCounts,
  type Connection,
  type ConnectionHandlers,
  createMeter,
  type Decode,
  frameEvent,
  guestLimits,
  type Limits,
  Mailbox,
  malformed,
  malformedEvent,
  type NamedTensor,
  Outbox,
  type ProtocolError,
  Pump,
  readMeter,
  tooLarge,
} from "@trunkline/core";
import type { Socket } from "socket.io";

/** A closing connection on which no byte moves for this long is cut: the peer hangs or is gone. */
const stallTimeoutMs = 5_000;
/** For the machine to answer a malformed message and close; after it the connection closes itself. */
const answerTimeoutMs = 2_000;

export interface SocketConnectionOptions<Out, In> {
  limits: Limits;
  decode: Decode<In>;
  kindOf: (message: Out) => "control" | "heartbeat";
}

export class SocketConnection<Out, In> implements Connection<Out, In> {
  readonly id: string;
  readonly #socket: Socket;
  readonly #kindOf: (message: Out) => "control" | "heartbeat";
  readonly #meter = createMeter();
  readonly #assembler: Assembler;
  readonly #outbox: Outbox;
  readonly #pump: Pump;
  readonly #mailbox: Mailbox<In>;
  readonly #limits: Limits;
  #trusted = false;
  #closeReason: string | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: Socket, { limits, decode, kindOf }: SocketConnectionOptions<Out, In>) {
    this.id = socket.id;
    this.#socket = socket;
    this.#kindOf = kindOf;
    this.#limits = limits;
    this.#assembler = new Assembler({ limits: guestLimits(limits), meter: this.#meter });
    this.#outbox = new Outbox({ limits, meter: this.#meter });
    this.#mailbox = new Mailbox(decode);
    this.#pump = new Pump({
      outbox: this.#outbox,
      write: (frame) => this.#write(frame),
      finished: () => socket.disconnect(true),
    });
    socket.onAny((event: string, value: unknown) => this.#receive(event, value));
    socket.on("disconnect", (reason, description) => this.#disconnected(reason, description));
  }

  send(message: Out, tensors: NamedTensor[] = []): void {
    if (this.#closeReason !== undefined || !this.#socket.connected) return;
    if (this.#kindOf(message) === "heartbeat") this.#outbox.pushHeartbeat(message);
    else this.#outbox.push(message, tensors);
    this.#pump.run();
  }

  listen(handlers: ConnectionHandlers<In>): void {
    this.#mailbox.listen(handlers);
  }

  /** Whether the peer was admitted. */
  get trusted(): boolean {
    return this.#trusted;
  }

  trust(): void {
    this.#trusted = true;
    this.#assembler.setLimits(this.#limits);
  }

  bytes(): ByteCounts {
    return readMeter(this.#meter);
  }

  close(reason: string): void {
    if (this.#closeReason !== undefined || !this.#socket.connected) return;
    this.#closeReason = reason;
    this.#mailbox.mute();
    this.#expect(stallTimeoutMs, () => this.#cut());
    this.#pump.finish();
  }

  /** Past socket.io's encoder, which would hand the frame back as it is, for the sake of the callback. */
  #write(frame: Uint8Array): void {
    this.#socket.conn.write(frame as Buffer, { compress: false }, () => {
      if (this.#closeReason !== undefined) this.#deadline?.refresh();
      this.#pump.written(frame);
    });
  }

  #receive(event: string, value: unknown): void {
    if (event === frameEvent) {
      this.#mailbox.receive(() => this.#assembler.accept(value as Uint8Array));
    } else if (event === malformedEvent) {
      this.#mailbox.malformed(value as ProtocolError);
    } else {
      this.#mailbox.malformed(malformed("A worker sent an event that is no frame."));
    }
    if (!this.#mailbox.open && this.#closeReason === undefined) this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    if (this.#deadline !== undefined) return;
    this.#expect(answerTimeoutMs, () => this.close("the worker broke the protocol"));
  }

  #expect(withinMs: number, otherwise: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(otherwise, withinMs);
  }

  #cut(): void {
    this.#socket.request.socket.destroy();
  }

  #disconnected(reason: string, description: unknown): void {
    clearTimeout(this.#deadline);
    this.#outbox.clear();
    if (isOverHardLimit(description)) {
      const { maxFrameBytes } = this.#limits;
      this.#mailbox.malformed(
        tooLarge(
          "The bytes of a frame",
          hardLimitBytes(maxFrameBytes),
          "maxFrameBytes",
          maxFrameBytes,
        ),
      );
    }
    this.#mailbox.closed(this.#closeReason ?? inWords(reason));
  }
}

/**
 * Where the socket itself refuses to read on. It closes with code 1009 and nothing else can be said
 * then, so this lies above our own limit: a frame between the two gets its typed answer.
 */
export function hardLimitBytes(maxFrameBytes: number): number {
  return 4 * maxFrameBytes;
}

/** The library `ws` says it in words only by the time that socket.io passes it on. */
function isOverHardLimit(description: unknown): boolean {
  return description instanceof Error && description.message.includes("Max payload size exceeded");
}

function inWords(reason: string): string {
  return reason === "client namespace disconnect"
    ? "the peer closed the connection"
    : `the connection broke (${reason})`;
}
