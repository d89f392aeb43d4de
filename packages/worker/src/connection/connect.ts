// How a worker comes to its connection: a network thread, and an error that says what to do when no
// coordinator answers. The conversation that follows is the session's.

import {
  createMeter,
  type Decode,
  defaultLimits,
  EnvironmentError,
  type Limits,
  meterBytes,
} from "@trunkline/core";
import { startThread } from "./start-thread.ts";
import { ThreadConnection, type WorkerConnection } from "./thread-connection.ts";
import type { ThreadSettings } from "./thread-messages.ts";

export interface ConnectOptions<In> {
  /** Of the coordinator, as `http://host:port`. */
  url: string;
  decode: Decode<In>;
  /** Between heartbeats, once they are started. @default 1000 */
  heartbeatMs?: number;
  /** The coordinator may still be starting; attempts are repeated for this long. @default 30000 */
  connectTimeoutMs?: number;
  /** @default defaultLimits */
  limits?: Limits;
}

/** @throws EnvironmentError `environment/unreachable` when no coordinator answers in time. */
export async function connect<Out extends object, In>(
  options: ConnectOptions<In>,
): Promise<WorkerConnection<Out, In>> {
  const {
    url,
    decode,
    heartbeatMs = 1_000,
    connectTimeoutMs = 30_000,
    limits = defaultLimits,
  } = options;
  const meter = new SharedArrayBuffer(meterBytes);
  const settings: ThreadSettings = { url, limits, heartbeatMs, connectTimeoutMs, meter };
  const thread = startThread("network-thread", settings);
  const connection = new ThreadConnection<Out, In>(thread, {
    limits,
    decode,
    meter: createMeter(meter),
  });
  try {
    await connection.opened;
  } catch (cause) {
    throw unreachable(url, connectTimeoutMs, cause as Error);
  }
  return connection;
}

function unreachable(url: string, connectTimeoutMs: number, cause: Error): EnvironmentError {
  return new EnvironmentError(
    "environment/unreachable",
    `No coordinator answers at ${url} within ${connectTimeoutMs} ms: ${cause.message}.`,
    {
      remedy:
        "Start the coordinator, check the URL given with `--connect`, and let its port through firewalls.",
      details: { url, connectTimeoutMs },
      cause,
    },
  );
}
