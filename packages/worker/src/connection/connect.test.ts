import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { EnvironmentError } from "@trunkline/core";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";

const decode = (raw: unknown) => raw;

async function failure(url: string): Promise<EnvironmentError> {
  const error = await connect({ url, decode, connectTimeoutMs: 500 }).catch((cause) => cause);
  if (error instanceof EnvironmentError) return error;
  throw new Error("no EnvironmentError was thrown", { cause: error });
}

/** A port that nobody listens on any more. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("where nobody listens, the error names the address, the cause and what to do", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const error = await failure(url);
  expect(error.code).toBe("environment/unreachable");
  expect(error.message).toContain(url);
  expect(error.message).toContain("ECONNREFUSED");
  expect(error.remedy).toContain("--connect");
});

test("a server that is no coordinator is told apart by its answer", async () => {
  const server = createServer((_request, response) => void response.writeHead(404).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect((await failure(`http://127.0.0.1:${port}`)).message).toContain("404");
  server.close();
});
