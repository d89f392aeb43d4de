import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { chooseBackend } from "./choose.ts";
import { numericFingerprint } from "./fingerprint.ts";

test.each(["wasm", "cpu"] as const)("the fingerprint of %s is the same twice", async (backend) => {
  const choice = await chooseBackend(backend);
  const before = tf.memory().numTensors;
  const first = await numericFingerprint(choice);
  expect(await numericFingerprint(choice)).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first).toEqual({
    backend,
    backendVersion: "4.22.0",
    nodeMajor: Number.parseInt(process.versions.node, 10),
    threads: 1,
    probe: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test("the fingerprint tells backends apart, and the probe sees their rounding", async () => {
  const cpu = await numericFingerprint(await chooseBackend("cpu"));
  const wasm = await numericFingerprint(await chooseBackend("wasm"));
  expect(wasm.backend).not.toBe(cpu.backend);
  expect(wasm.probe).not.toBe(cpu.probe);
});

test("the fingerprint sees one changed bit in a kernel that training uses", async () => {
  const choice = await chooseBackend("wasm");
  const usual = await numericFingerprint(choice);
  const kernel = tf.getKernel("Relu", "wasm");
  tf.unregisterKernel("Relu", "wasm");
  tf.registerKernel({
    ...kernel,
    kernelFunc: (call) => {
      const out = kernel.kernelFunc(call) as tf.TensorInfo;
      const { typedArrayFromHeap } = Object.getPrototypeOf(call.backend) as {
        typedArrayFromHeap: (info: tf.TensorInfo) => Float32Array;
      };
      const values = typedArrayFromHeap.call(call.backend, out);
      const last = values.length - 1;
      values[last] = values[last]! + 2 ** -12;
      return out;
    },
  });
  const altered = await numericFingerprint(choice);
  tf.unregisterKernel("Relu", "wasm");
  tf.registerKernel(kernel);
  expect(altered.probe).not.toBe(usual.probe);
  expect(await numericFingerprint(choice)).toEqual(usual);
});

test("the version is that of what was chosen: of the native library, not of tfjs", async () => {
  const { name } = await chooseBackend("cpu");
  const of = (version: string) => numericFingerprint({ name, version });
  const [older, newer] = [await of("4.22.0+tf2.9.1"), await of("4.22.0+tf2.18.0")];
  expect(older.backendVersion).toBe("4.22.0+tf2.9.1");
  expect(newer).toEqual({ ...older, backendVersion: "4.22.0+tf2.18.0" });
});
