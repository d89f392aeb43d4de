// The coordinator's door: one HTTP server with socket.io on it. Whoever completes the socket handshake
// becomes a `Connection`; whether it may take part is decided by the conversation that follows. Other
// routes of the same server (the page, the metrics) come in as `request`.

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Connection,
  type Decode,
  defaultLimits,
  EnvironmentError,
  type Limits,
  socketParser,
} from "@trunkline/core";
import { Server as SocketIo } from "socket.io";
import { keepLedger, type SocketBytes } from "./socket-bytes.ts";
import { hardLimitBytes, SocketConnection } from "./socket-connection.ts";

/**
 * socket.io's own pings. Who is alive is decided by our heartbeats, within seconds; these only clear
 * away half-open sockets that nobody asks about, so they never contend with a slow line.
 */
const pingIntervalMs = 60_000;
const pingTimeoutMs = 120_000;
/** From the open socket to socket.io's own greeting, which a client sends at once. */
const handshakeTimeoutMs = 5_000;
/** For closing sockets to end by themselves when the server closes. */
const closeGraceMs = 1_000;
/** Workers that load at the same time are guests too, for seconds to minutes. */
const defaultMaxGuests = 64;

export interface ListenOptions<Out, In> {
  /** Called with each new connection, which is to be listened to within the call. */
  onConnection: (connection: Connection<Out, In>) => void;
  decode: Decode<In>;
  /** What an outgoing message's bytes are booked under. @default control */
  kindOf?: (message: Out) => "control" | "heartbeat";
  /** Interface to listen on. @default 127.0.0.1, this machine only */
  host?: string;
  /** @default 0, a free one */
  port?: number;
  /** @default defaultLimits */
  limits?: Limits;
  /**
   * Open connections that nobody trusts; more are turned away before they are sockets, and a worker among
   * them tries again. @default 64
   */
  maxGuests?: number;
  /** Answers every other HTTP request. @default 404 */
  request?: RequestListener;
}

export interface SocketServer {
  /** As this machine reaches it. */
  url: string;
  port: number;
  http: Server;
  socketBytes(): SocketBytes;
  /** Closes all connections after sending what they have queued, then the server. */
  close(): Promise<void>;
}

/** @throws EnvironmentError where the address cannot be listened on. */
export async function listen<Out, In>(options: ListenOptions<Out, In>): Promise<SocketServer> {
  const { host = "127.0.0.1", port = 0, limits = defaultLimits } = options;
  const http = createServer(options.request ?? notFound);
  const ledger = keepLedger(http);
  const io = attach(http, limits, () => guests() < (options.maxGuests ?? defaultMaxGuests));
  const connections = accept(io, { ...options, limits });
  const guests = () => io.engine.clientsCount - connections.trusted();
  await bind(http, host, port);
  const address = http.address() as AddressInfo;
  return {
    url: urlOf(address),
    port: address.port,
    http,
    socketBytes: () => ledger.total(),
    async close() {
      await connections.close();
      const grace = setTimeout(() => ledger.destroy(), closeGraceMs);
      await io.close();
      clearTimeout(grace);
    },
  };
}

function attach(http: Server, limits: Limits, hasRoom: () => boolean): SocketIo {
  return new SocketIo(http, {
    parser: socketParser(limits),
    transports: ["websocket"],
    serveClient: false,
    maxHttpBufferSize: hardLimitBytes(limits.maxFrameBytes),
    perMessageDeflate: false,
    httpCompression: false,
    pingInterval: pingIntervalMs,
    pingTimeout: pingTimeoutMs,
    connectTimeout: handshakeTimeoutMs,
    allowRequest: (request, decide) => decide(null, isSameOrigin(request) && hasRoom()),
  });
}

/**
 * Browsers let any page open a WebSocket to any address, this machine's own included. Workers send no
 * `Origin`; a page must come from this very server.
 */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function accept<Out, In>(io: SocketIo, options: ListenOptions<Out, In> & { limits: Limits }) {
  const { limits, decode, kindOf = () => "control" as const } = options;
  const live = new Map<SocketConnection<Out, In>, Promise<void>>();
  io.on("connection", (socket) => {
    const connection = new SocketConnection<Out, In>(socket, { limits, decode, kindOf });
    const gone = new Promise<void>((resolve) => socket.once("disconnect", () => resolve()));
    live.set(
      connection,
      gone.then(() => void live.delete(connection)),
    );
    options.onConnection(connection);
  });
  return {
    trusted: () => [...live.keys()].filter((connection) => connection.trusted).length,
    async close() {
      const ends = [...live.values()];
      for (const connection of live.keys()) connection.close("the coordinator shuts down");
      await Promise.all(ends);
    },
  };
}

function bind(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, host, port));
    http.once("error", fail);
    http.listen({ host, port }, () => {
      http.off("error", fail);
      resolve();
    });
  });
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): EnvironmentError {
  const details = { host, port, error: cause.code };
  if (cause.code === "EADDRINUSE") {
    return new EnvironmentError(
      "environment/port-in-use",
      `Another process listens on port ${port} of ${host}.`,
      { remedy: "Choose another port with `--port` or `--listen HOST:PORT`.", details, cause },
    );
  }
  return new EnvironmentError(
    "environment/address",
    `Cannot listen on ${host}:${port}: ${cause.message}.`,
    {
      remedy: "Give `--listen` an address of this machine and a port over 1023.",
      details,
      cause,
    },
  );
}

/** A wildcard address is no destination; loopback is part of it. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0" || address === "::") return `http://127.0.0.1:${port}`;
  return family === "IPv6" ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

const notFound: RequestListener = (_request, response) => {
  response.writeHead(404, { "content-type": "text/plain" }).end("Not found.\n");
};
