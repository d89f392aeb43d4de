// Coordinator and workers started one by one, as on several machines, and peers that do not belong there.

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { defaultLimits, protocolVersion, type RunResult } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainReference } from "../../../test/support/reference.ts";
import circles from "./fixtures/circles/experiment.ts";
import { copyFixture } from "./support/own-copy.ts";
import { type RawPeer, rawPeer } from "./support/raw-peer.ts";
import { type Cli, lastJson, runCli, startCli } from "./support/run-cli.ts";
import { temporaryFolder } from "./support/temporary.ts";

const folder = temporaryFolder();
const module = "packages/cli/test/fixtures/circles/experiment.ts";

async function coordinate(run: string, ...more: string[]): Promise<{ cli: Cli; url: string }> {
  const listen = ["--listen", "127.0.0.1:0", "--workers", "2", "--out", folder(run), "--json"];
  const cli = startCli("coordinator", module, ...listen, ...more);
  const [, url] = await cli.seen(/Coordinator at (http:\/\/127\.0\.0\.1:\d+);/);
  return { cli, url: url! };
}

function work(url: string, name: string, ...more: string[]): Cli {
  return startCli("worker", module, "--connect", url, "--name", name, "--backend", "cpu", ...more);
}

const hello = { type: "hello", protocol: protocolVersion, name: "stranger" };

const at = { run: "run", memberEpoch: 0, phase: 0, trunkVersion: 0 };

/** What a peer says after connecting, and the code of the answer that it gets. */
const strangers: readonly [code: string, say: (peer: RawPeer) => void][] = [
  ["protocol/no-hello", () => {}],
  ["protocol/version", (peer) => peer.send({ ...hello, protocol: 999 })],
  ["protocol/too-large", (peer) => peer.send({ ...hello, name: "x".repeat(5 * 2 ** 20) })],
  ["protocol/unknown-tag", (peer) => peer.send({ type: "handshake" })],
  ["protocol/malformed", (peer) => peer.send({ type: "hello", protocol: protocolVersion })],
  [
    "protocol/no-hello",
    (peer) => peer.send({ type: "evaluated", at, request: 0, shard: 0, tasks: {} }),
  ],
];

/** Sizes that are ours alone let a message out that the coordinator refuses. */
const generous = { ...defaultLimits, maxFrameBytes: 16 * 2 ** 20 };

async function refusalsOf(url: string): Promise<unknown[]> {
  return Promise.all(
    strangers.map(async ([, say]) => {
      const peer = await rawPeer(url, generous);
      say(peer);
      const last = (await peer.closed).at(-1);
      return [last?.type, last?.code, typeof last?.remedy];
    }),
  );
}

describe.concurrent("coordinator and workers launched by hand", () => {
  test("train as `train` does, whoever else knocks at the door", async () => {
    const { cli, url } = await coordinate("run");
    const first = work(url, "first");
    await cli.seen(/worker first joined/);

    const other = copyFixture("circles", folder("other"));
    appendFileSync(join(other, "points.ts"), "\n// Edited.\n");
    const [refusals, mixed, changed] = await Promise.all([
      refusalsOf(url),
      runCli("worker", module, "--connect", url, "--name", "mixed", "--backend", "wasm"),
      runCli("worker", join(other, "experiment.ts"), "--connect", url, "--backend", "cpu"),
    ]);
    expect(refusals).toEqual(strangers.map(([code]) => ["refuse", code, "string"]));
    expect(mixed.status).toBe(1);
    expect(mixed.stderr).toMatch(
      /error protocol\/fingerprint-mismatch: .*\n {2}remedy:.*--allow-mixed/,
    );
    expect(changed.status).toBe(1);
    expect(changed.stderr).toMatch(/error protocol\/experiment-mismatch: .*\n {2}remedy: Copy/);

    const second = work(url, "second");
    const exit = await cli.exit;
    expect(exit.status).toBe(0);
    expect(lastJson<RunResult>(exit)).toMatchObject({
      status: "finished",
      bits: "equal",
      hashes: await trainReference(circles),
    });
    for (const worker of [first, second]) expect((await worker.exit).status).toBe(0);
  });

  test("leave a third worker standing by, and all go when the coordinator is stopped", async () => {
    const lengths = ["--shared-epochs", "1000000", "--epochs", "1000000"];
    const { cli, url } = await coordinate("long", ...lengths);
    const workers = ["one", "two", "three"].map((name) => work(url, name));
    await cli.seen(/warning: Worker \w+ stands by: each of the 3 `shards` has a worker/);
    cli.signal("SIGINT");
    const exit = await cli.exit;
    expect(exit.status).toBe(130);
    expect(lastJson<RunResult>(exit)).toMatchObject({ status: "stopped", epochs: 0 });
    for (const worker of workers) expect((await worker.exit).status).toBe(0);
  });

  test("may be mixed where that is allowed, and the result promises less", async () => {
    const { cli, url } = await coordinate("mixed", "--allow-mixed");
    const workers = [work(url, "one"), work(url, "two", "--backend", "wasm")];
    const exit = await cli.exit;
    expect(lastJson<RunResult>(exit)).toMatchObject({ status: "finished", bits: "not promised" });
    for (const worker of workers) expect((await worker.exit).status).toBe(0);
  });
});
