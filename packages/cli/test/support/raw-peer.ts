// A peer of the coordinator that says what it likes, and remembers what it is told.

import type { CoordinatorMessage, Limits } from "@trunkline/core";
import { connect } from "@trunkline/worker";

export interface RawPeer {
  send(message: object): void;
  /** All that it was told, once the connection is closed. */
  closed: Promise<{ type: string; code?: string; remedy?: string }[]>;
}

/** @param limits - Its own, by which it may send what the other side refuses. */
export async function rawPeer(url: string, limits?: Limits): Promise<RawPeer> {
  const decode = (message: unknown) => message as CoordinatorMessage;
  const connection = await connect<object, CoordinatorMessage>({
    url,
    decode,
    ...(limits !== undefined && { limits }),
  });
  const heard: CoordinatorMessage[] = [];
  const closed = new Promise<CoordinatorMessage[]>((resolve) => {
    connection.listen({
      message: (message) => void heard.push(message),
      malformed: () => {},
      closed: () => resolve(heard),
    });
  });
  return { send: (message) => connection.send(message), closed };
}
