// Entry of the network thread: the socket, the framing and the heartbeats of one worker, kept apart from
// tensor work, which blocks its thread for seconds. It starts on import, with its settings as
// `workerData`, and ends with the connection. Messages pass through undecoded.

import { parentPort, workerData } from "node:worker_threads";
import { Assembler, createMeter, Mailbox, Outbox, ProtocolError } from "@trunkline/core/wire";
import { SocketLink } from "./socket-link.ts";
import type { Order, Report, ThreadSettings } from "./thread-messages.ts";

const port = parentPort!;
const { url, limits, heartbeatMs, connectTimeoutMs, meter: shared } = workerData as ThreadSettings;

const meter = createMeter(shared);
const assembler = new Assembler({ limits, meter });
const outbox = new Outbox({ limits, meter });
const mailbox = new Mailbox<unknown>((raw) => raw);
let heartbeat: object = {};
let beating: NodeJS.Timeout | undefined;

function report(event: Report, transfer: ArrayBuffer[] = []): void {
  port.postMessage(event, transfer);
}

const link = new SocketLink(
  { url, limits, outbox, connectTimeoutMs },
  {
    connected: (id) => report({ type: "connected", id }),
    unreachable: (cause) => report({ type: "unreachable", cause }),
    frame: (frame) => mailbox.receive(() => assembler.accept(frame)),
    malformed: (error) => mailbox.malformed(error),
    closed(reason) {
      clearInterval(beating);
      mailbox.closed(reason);
    },
  },
);

mailbox.listen({
  message(message, tensors) {
    const buffers = tensors.map(({ values }) => values.buffer as ArrayBuffer);
    report({ type: "message", message, tensors }, buffers);
  },
  malformed({ code, message, remedy, details }) {
    report({ type: "malformed", error: { code, message, remedy, details } });
  },
  closed: (reason) => report({ type: "closed", reason }),
});

function beat(): void {
  outbox.pushHeartbeat(heartbeat);
  link.run();
}

function obey(order: Order): void {
  switch (order.type) {
    case "send":
      outbox.push(order.message, order.tensors);
      link.run();
      return;
    case "startHeartbeats":
      heartbeat = order.template;
      beating ??= setInterval(beat, heartbeatMs);
      beat();
      return;
    case "progress":
      heartbeat = { ...heartbeat, ...order.fields };
      return;
    case "close":
      link.close(order.reason);
      return;
    default:
      order satisfies never;
  }
}

port.on("message", (order: Order) => {
  try {
    obey(order);
  } catch (error) {
    // Our own message breaks our own limits; the main thread learns it as it would of a peer's.
    if (!(error instanceof ProtocolError)) throw error;
    mailbox.malformed(error);
  }
});
