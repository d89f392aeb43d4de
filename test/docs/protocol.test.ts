// `docs/protocol.md` against the code: its tables against the schemas and constants, its bytes against the
// encoder, its session against a run.

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  byteKinds,
  decodeCoordinatorMessage,
  decodeWorkerMessage,
  defaultLimits,
  protocolVersion,
  silenceTimeoutMs,
} from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { coordinatorMessageSchema, workerMessageSchema } from "../../packages/core/src/protocol.ts";
import { tensorKinds } from "../../packages/core/src/wire/connection.ts";
import {
  chunkFrames,
  chunkHeaderBytes,
  controlFrame,
  defaultChunkBytes,
  frameTags,
} from "../../packages/core/src/wire/frames.ts";
import { unpack } from "../../packages/core/src/wire/packed.ts";
import { blocks, page, quoted, rows, section } from "./markdown.ts";
import { type Line, recordSession } from "./session.ts";

const text = page("protocol");

describe("the tables of messages", () => {
  test.each([
    ["## Messages of the worker", workerMessageSchema],
    ["## Messages of the coordinator", coordinatorMessageSchema],
  ] as const)("%s: name every message with every field, and no others", (heading, schema) => {
    const found = rows(section(text, heading)).map(([type, , fields]) => [
      quoted(type!)[0],
      quoted(fields!),
    ]);
    const wanted = schema.options.map(({ shape }) => [
      shape.type.value,
      Object.keys(shape).filter((key) => key !== "type"),
    ]);
    expect(found).toEqual(wanted);
  });

  test("name tensors and answers that exist", () => {
    const types = [...workerMessageSchema.options, ...coordinatorMessageSchema.options].map(
      ({ shape }) => shape.type.value as string,
    );
    for (const heading of ["## Messages of the worker", "## Messages of the coordinator"]) {
      const answers = rows(section(text, heading)).flatMap(([, , , , answer]) => quoted(answer!));
      for (const answer of answers) expect(types).toContain(answer);
    }
  });
});

describe("the numbers", () => {
  test("of the version and the limits are the constants'", () => {
    expect(text).toContain(`Version ${protocolVersion}. `);
    const limits = rows(section(text, "## Limits")).map(([name, value]) => [
      quoted(name!)[0],
      Number(value),
    ]);
    expect(Object.fromEntries(limits)).toEqual(defaultLimits);
    expect(section(text, "## Frames")).toContain(`${defaultChunkBytes / 4} elements`);
  });

  test("of the deadlines are the constants', by their names", () => {
    const constants = millisecondsInSources();
    const deadlines = rows(section(text, "## Deadlines"));
    expect(deadlines.length).toBeGreaterThan(0);
    for (const [, name, value] of deadlines) {
      expect(constants.get(quoted(name!)[0]!), name).toContain(Number(value));
    }
  });

  test("of byte kinds and tensor kinds are all there", () => {
    const kinds = rows(section(text, "## Byte accounts")).map(([kind]) => quoted(kind!)[0]);
    expect(kinds).toEqual(byteKinds);
    expect(section(text, "## Frames")).toContain(
      `one of ${tensorKinds.map((kind) => `\`${kind}\``).join(", ")}.`,
    );
  });
});

describe("the bytes", () => {
  test("that begin a frame are the encoder's", () => {
    const tags = rows(section(text, "## Transport")).map(([tag, name]) => [
      name,
      Number(quoted(tag!)[0]),
    ]);
    expect(Object.fromEntries(tags)).toEqual({ packet: 0, ...frameTags });
  });

  test("of a control frame hold the fields of the table", () => {
    const { bytes } = controlFrame({ message: {}, tensors: [], transfer: 0 }, "control");
    const fields = rows(section(text, "## Frames"))
      .filter(([, type]) => ["map", "array"].includes(type!) || type === "uint32")
      .flatMap(([name]) => quoted(name!));
    expect(Object.keys(unpack(bytes.subarray(1)) as object)).toEqual(fields);
  });

  test("of the chunk that is shown are what is sent", () => {
    const [shown] = blocks(section(text, "## Frames"), "hex");
    const before = { name: "a", kind: "heads", values: new Float32Array(1) } as const;
    const values = Float32Array.of(0, 0, 1, -2);
    const frames = chunkFrames([before, { name: "b", kind: "heads", values }], {
      transfer: 7,
      chunkBytes: 8,
      allocate: (bytes) => new Uint8Array(bytes),
    });
    const frame = [...frames].at(-1)!.bytes;
    expect(hex(frame)).toBe(shown!.trim().replaceAll(/\s+/g, " "));
    expect(frame.length).toBe(chunkHeaderBytes + 8);
  });

  test("of the header's fields add up, one after the other", () => {
    const header = rows(section(text, "## Frames")).filter(([offset]) => /^\d+$/.test(offset!));
    let end = 0;
    for (const [offset, bytes] of header) {
      expect(Number(offset)).toBe(end);
      end += Number.parseInt(bytes!, 10);
    }
    expect(end).toBe(chunkHeaderBytes + 4);
  });
});

describe("the sample session", () => {
  const shown = blocks(section(text, "## A sample session"), "jsonl")[0]!
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

  test("is made of messages that both sides decode, whole", () => {
    for (const { from, message } of shown) {
      const decode = from === "worker" ? decodeWorkerMessage : decodeCoordinatorMessage;
      expect(decode(message)).toEqual(message);
    }
  });

  test("is what a coordinator and a worker say to each other", async () => {
    const said = await recordSession();
    expect(said.map(summary)).toEqual(shown.map(summary));
    expect(said).toEqual(shown);
  });
});

const summary = ({ from, message }: Line) => `${from}: ${message.type}`;

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Every constant and default of a name in `Ms` that is written as a number, with its values. */
function millisecondsInSources(): Map<string, number[]> {
  const found = new Map([["silenceTimeoutMs", [silenceTimeoutMs]]]);
  for (const file of sources()) {
    for (const [, name, value] of file.matchAll(/\b(\w+Ms)(?::| =) ([\d_]+)[;,]/g)) {
      const values = found.get(name!) ?? [];
      found.set(name!, [...values, Number(value!.replaceAll("_", ""))]);
    }
  }
  return found;
}

function sources(): string[] {
  const root = resolve(import.meta.dirname, "../../packages");
  return readdirSync(root).flatMap((name) => {
    const folder = join(root, name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
      .map((path) => readFileSync(join(folder, path), "utf8"));
  });
}
