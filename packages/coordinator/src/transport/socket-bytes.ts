// What the sockets of a server read and wrote by their own count, headers and handshakes included. The
// payload accounts of the connections are held against it.

import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface SocketBytes {
  read: number;
  written: number;
}

export interface SocketLedger {
  /** Over all sockets, live and closed. */
  total(): SocketBytes;
  /** Ends every live socket at once. */
  destroy(): void;
}

export function keepLedger(http: Server): SocketLedger {
  const live = new Set<Socket>();
  const closed = { read: 0, written: 0 };
  http.on("connection", (socket: Socket) => {
    live.add(socket);
    socket.once("close", () => {
      live.delete(socket);
      add(closed, socket);
    });
  });
  return {
    total() {
      const sum = { ...closed };
      for (const socket of live) add(sum, socket);
      return sum;
    },
    destroy() {
      for (const socket of live) socket.destroy();
    },
  };
}

function add(sum: SocketBytes, socket: Socket): void {
  sum.read += socket.bytesRead;
  sum.written += socket.bytesWritten;
}
