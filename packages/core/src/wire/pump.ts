// Moves frames from an outbox to a socket, no more at a time than keeps the line busy: what is in flight
// stands before the next heartbeat, and costs memory for every peer. Knows neither sockets nor time; the
// transport reports what was written.

import type { Outbox } from "./outbox.ts";

/**
 * Two chunks: while the kernel takes one the next is ready. At 1 MB/s, the slowest line that training
 * over makes sense, a heartbeat waits for 2 s of the 5 s that silence may last.
 */
export const highWaterBytes = 2 * 2 ** 20;

export interface PumpOptions {
  outbox: Outbox;
  /** Hands a frame to the socket; `written` follows when it left the process. */
  write(frame: Uint8Array): void;
  /** After `finish`, once: everything queued was written. */
  finished(): void;
}

export class Pump {
  readonly #options: PumpOptions;
  #inFlight = 0;
  #finishing = false;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  run(): void {
    const { outbox, write } = this.#options;
    while (this.#inFlight < highWaterBytes) {
      const frame = outbox.next();
      if (frame === undefined) break;
      this.#inFlight += frame.length;
      write(frame);
    }
    if (this.#inFlight === 0) this.#idle();
  }

  /** The socket needs this frame no more. */
  written(frame: Uint8Array): void {
    this.#inFlight -= frame.length;
    this.#options.outbox.recycle(frame);
    this.run();
  }

  /** Nothing more will be queued. */
  finish(): void {
    this.#finishing = true;
    this.run();
  }

  #idle(): void {
    if (!this.#finishing) return;
    this.#finishing = false;
    this.#options.finished();
  }
}
