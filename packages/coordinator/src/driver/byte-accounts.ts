// Payload bytes at the coordinator, over all of its connections, phase by phase.

import { type ByteCounts, type ByteKind, byteKinds } from "@trunkline/core";

interface Counted {
  bytes(): ByteCounts;
}

export class ByteAccounts {
  readonly #open = new Set<Counted>();
  /** Of connections that are gone. */
  #gone = empty();
  #closed = empty();

  add(connection: Counted): void {
    this.#open.add(connection);
  }

  remove(connection: Counted): void {
    if (this.#open.delete(connection)) this.#gone = plus(this.#gone, connection.bytes(), 1);
  }

  /** What moved since the last closing. */
  close(): ByteCounts {
    let total = this.#gone;
    for (const connection of this.#open) total = plus(total, connection.bytes(), 1);
    const since = plus(total, this.#closed, -1);
    this.#closed = total;
    return since;
  }
}

function empty(): ByteCounts {
  const byKind = Object.fromEntries(byteKinds.map((kind) => [kind, 0]));
  return { sent: 0, received: 0, byKind: byKind as Record<ByteKind, number> };
}

function plus(a: ByteCounts, b: ByteCounts, sign: 1 | -1): ByteCounts {
  const byKind = byteKinds.map((kind) => [kind, a.byKind[kind] + sign * b.byKind[kind]] as const);
  return {
    sent: a.sent + sign * b.sent,
    received: a.received + sign * b.received,
    byKind: Object.fromEntries(byKind) as Record<ByteKind, number>,
  };
}
