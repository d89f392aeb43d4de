import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { backendNames, chooseBackend, probeBackends } from "./choose.ts";

describe("chooseBackend", () => {
  test("auto takes the first that works and says why the others do not", async () => {
    const choice = await chooseBackend("auto");
    expect(choice.name).toBe(tf.getBackend());
    expect(choice.tried.at(-1)).toMatchObject({ name: choice.name, works: true });
    const failed = choice.tried.slice(0, -1);
    for (const attempt of failed) {
      expect(attempt).toMatchObject({ works: false, remedy: expect.stringMatching(/\.$/) });
      expect(choice.reason).toContain(attempt.why);
    }
  });

  test.each(["wasm", "cpu"] as const)("%s becomes tfjs's backend when asked for", async (name) => {
    const choice = await chooseBackend(name);
    expect(tf.getBackend()).toBe(name);
    expect(choice).toMatchObject({ name, version: "4.22.0", tried: [{ name, works: true }] });
    expect(choice.reason).toMatch(/asked for/);
  });

  test("wasm comes with the kernels that a convolution's gradient needs", async () => {
    await chooseBackend("wasm");
    expect(tf.getKernel("Conv2DBackpropFilter", "wasm")).toBeDefined();
  });

  test("a backend that does not work is an error with a remedy, and nothing is chosen", async () => {
    await chooseBackend("cpu");
    const error: unknown = await chooseBackend("webgpu").catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error).toMatchObject({
      code: "backend/unavailable",
      message: expect.stringContaining('Found "webgpu"'),
      remedy: expect.stringContaining("wasm"),
      details: { wanted: "webgpu", tried: [{ name: "webgpu", works: false }] },
    });
    expect(tf.getBackend()).toBe("cpu");
  });

  test("leaves no tensors behind", async () => {
    for (const name of ["cpu", "wasm"] as const) {
      await chooseBackend(name);
      const before = tf.memory().numTensors;
      await chooseBackend(name);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

test("probeBackends reports on every backend and leaves the current one", async () => {
  await chooseBackend("wasm");
  const found = await probeBackends();
  expect(tf.getBackend()).toBe("wasm");
  expect(found.map(({ name }) => name)).toEqual([...backendNames]);
  for (const { works, version, remedy } of found) {
    expect([typeof version, typeof remedy]).toEqual(
      works ? ["string", "undefined"] : ["undefined", "string"],
    );
  }
  expect(found.filter(({ works }) => works).map(({ name }) => name)).toContain("cpu");
});

test("a process that chooses backends and computes on them prints nothing", async () => {
  const program = `
    import * as tf from "@tensorflow/tfjs";
    import { chooseBackend, probeBackends } from ${JSON.stringify(import.meta.resolve("./choose.ts"))};
    await probeBackends();
    for (const name of ["auto", "cpu"]) {
      await chooseBackend(name);
      tf.ones([2, 2]).matMul(tf.ones([2, 2])).dataSync();
    }`;
  const flags = ["--conditions=@trunkline/source", "--import", import.meta.resolve("tsx")];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    ...flags,
    "--input-type=module",
    "--eval",
    program,
  ]);
  expect([stdout, stderr]).toEqual(["", ""]);
});
