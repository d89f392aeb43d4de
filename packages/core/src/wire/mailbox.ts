// The receiving end of a connection, the same for every transport: it decodes messages, keeps what comes
// before anyone listens, and holds the promises of `ConnectionHandlers`: nothing after a malformed
// message, `closed` exactly once and last.

import { ProtocolError } from "../errors.ts";
import type { Assembled } from "./assembler.ts";
import type { ConnectionHandlers, Decode } from "./connection.ts";

export class Mailbox<In> {
  readonly #decode: Decode<In>;
  #handlers: ConnectionHandlers<In> | undefined;
  #held: ((handlers: ConnectionHandlers<In>) => void)[] = [];
  #open = true;
  #muted = false;
  #closed = false;

  constructor(decode: Decode<In>) {
    this.#decode = decode;
  }

  /** False after a malformed message or a close: what still arrives is of no interest. */
  get open(): boolean {
    return this.#open;
  }

  listen(handlers: ConnectionHandlers<In>): void {
    if (this.#handlers !== undefined) throw new Error("a connection is listened to once");
    this.#handlers = handlers;
    for (const event of this.#held.splice(0)) event(handlers);
  }

  /** A message that was assembled elsewhere, not decoded yet. */
  deliver(assembled: Assembled): void {
    this.receive(() => assembled);
  }

  /** Runs the step that turns bytes into a message; a `ProtocolError` from it is the peer's fault. */
  receive(assemble: () => Assembled | undefined): void {
    if (!this.#open) return;
    const received = this.#attempt(assemble);
    if (received === undefined) return;
    this.#emit((handlers) => {
      if (!this.#muted) handlers.message(received.message, received.tensors);
    });
  }

  malformed(error: ProtocolError): void {
    if (!this.#open) return;
    this.#open = false;
    this.#emit((handlers) => handlers.malformed(error));
  }

  /** We are closing: no more messages, `closed` is still to come. */
  mute(): void {
    this.#open = false;
    this.#muted = true;
  }

  closed(reason: string): void {
    if (this.#closed) return;
    this.#open = false;
    this.#closed = true;
    this.#emit((handlers) => handlers.closed(reason));
  }

  #attempt(assemble: () => Assembled | undefined) {
    try {
      const assembled = assemble();
      if (assembled === undefined) return undefined;
      return { message: this.#decode(assembled.message), tensors: assembled.tensors };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.malformed(error);
      return undefined;
    }
  }

  #emit(event: (handlers: ConnectionHandlers<In>) => void): void {
    if (this.#handlers === undefined) this.#held.push(event);
    else event(this.#handlers);
  }
}
