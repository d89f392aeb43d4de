import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { EnvironmentError } from "@trunkline/core";
import { afterEach, describe, expect, test } from "vitest";
import { type ListenOptions, listen, type SocketServer } from "./socket-server.ts";

const servers: SocketServer[] = [];

async function start(options: Partial<ListenOptions<unknown, unknown>> = {}) {
  const connections: string[] = [];
  const server = await listen({
    decode: (raw) => raw,
    onConnection: (connection) => void connections.push(connection.id),
    ...options,
  });
  servers.push(server);
  return { server, connections };
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Asks for a WebSocket as a browser or a stranger would; what comes back is a socket or an answer. */
async function upgrade({ port }: SocketServer, headers: Record<string, string> = {}) {
  const asked = request({
    host: "127.0.0.1",
    port,
    path: "/socket.io/?EIO=4&transport=websocket",
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...headers,
    },
  });
  asked.end();
  return new Promise<{ status: number | undefined; socket: Socket }>((resolve, reject) => {
    const settle = ({ statusCode: status }: IncomingMessage, socket: Socket) =>
      resolve({ status, socket });
    asked.once("upgrade", settle);
    asked.once("response", (response) => settle(response, response.socket));
    asked.once("error", reject);
  });
}

/** A short binary WebSocket message with a zero mask. */
function binary(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(0x82, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes);
}

/** Reads until the WebSocket's closing frame; what else a server says to a stranger is text. */
async function closeFrame(socket: Socket): Promise<void> {
  for await (const chunk of socket) if ((chunk as Buffer).includes(0x88)) return;
}

async function failure(run: Promise<unknown>): Promise<EnvironmentError> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof EnvironmentError) return error;
  throw new Error("no EnvironmentError was thrown", { cause: error });
}

describe("the server", () => {
  test("listens on loopback and a free port, and says where", async () => {
    const [one, two] = [await start(), await start()];
    expect(one.server.url).toBe(`http://127.0.0.1:${one.server.port}`);
    expect(two.server.port).not.toBe(one.server.port);
  });

  test("names a reachable address when it listens on all", async () => {
    const { server } = await start({ host: "0.0.0.0" });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  test("says what to do about a port that is in use", async () => {
    const { server } = await start();
    const error = await failure(start({ port: server.port }));
    expect(error.code).toBe("environment/port-in-use");
    expect(error.details).toMatchObject({ port: server.port });
    expect(error.remedy).toMatch(/--port.*--listen/);
  });

  test("says what to do about an address of another machine", async () => {
    // 192.0.2.0/24 is kept for documentation (RFC 5737).
    expect(await failure(start({ host: "192.0.2.1" }))).toMatchObject({
      code: "environment/address",
    });
  });

  test("answers other requests as it is told, by default with 404", async () => {
    const [plain, page] = [
      await start(),
      await start({ request: (_request, response) => void response.end("page") }),
    ];
    expect((await fetch(plain.server.url)).status).toBe(404);
    expect(await (await fetch(page.server.url)).text()).toBe("page");
  });

  test("takes no sockets from pages of other sites", async () => {
    const { server } = await start();
    const own = await upgrade(server, { origin: server.url });
    const foreign = await upgrade(server, { origin: "http://elsewhere.example" });
    expect([own.status, foreign.status]).toEqual([101, 400]);
    own.socket.destroy();
  });

  test("turns strangers away while too many others are there", async () => {
    const { server } = await start({ maxGuests: 2 });
    const [one, two, three] = [await upgrade(server), await upgrade(server), await upgrade(server)];
    expect([one.status, two.status, three.status]).toEqual([101, 101, 400]);
    one.socket.destroy();
    while ((await upgrade(server)).status !== 101);
  });

  test("counts what its sockets carry, also after they are closed", async () => {
    const { server } = await start();
    await (await fetch(server.url)).text();
    const { socket } = await upgrade(server);
    const { read, written } = server.socketBytes();
    expect(read).toBeGreaterThan(200);
    expect(written).toBeGreaterThan(200);
    socket.destroy();
    await server.close();
    servers.splice(0);
    expect(server.socketBytes().read).toBeGreaterThanOrEqual(read);
  });

  test("drops a stranger that sends garbage, and goes on", async () => {
    const { server, connections } = await start();
    const { socket } = await upgrade(server);
    socket.write(binary(Uint8Array.of(200, 1, 2, 3)));
    await closeFrame(socket);
    socket.destroy();
    expect((await upgrade(server)).status).toBe(101);
    expect(connections).toEqual([]);
  });

  test("closes even when a peer does not", async () => {
    const { server } = await start();
    const { socket } = await upgrade(server);
    socket.pause();
    const closed = once(socket, "close");
    await server.close();
    servers.splice(0);
    socket.resume();
    await closed;
  });
});
