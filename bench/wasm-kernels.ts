// How much faster a dense training step is on wasm with our kernels than with tfjs's own. Both run in
// one process, in turns, by swapping the registered kernels; the headline is the median of the ratios.
// Letters: B = 256 samples, layers of 1024 units.

import * as tf from "@tensorflow/tfjs";
import { chooseBackend } from "../packages/worker/src/backend/choose.ts";
import { installWasmKernels } from "../packages/worker/src/backend/wasm-kernels/install.ts";
import { type BenchOptions, type BenchResult, median } from "./result.ts";

export const description = "a dense training step on wasm, with our kernels and with tfjs's own";

const units = 1024;
const batch = 256;
const layers = 3;
const pairs = 7;

interface Pair {
  plainMs: number;
  oursMs: number;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { version } = await chooseBackend("wasm");
  const step = trainingStep();
  warmUp(step);
  const measured: Pair[] = [];
  for (let i = 0; i < pairs; i++) {
    const pair = measurePair(step);
    measured.push(pair);
    if (!options.json) print(i, pair);
  }
  const ratio = median(measured.map(({ plainMs, oursMs }) => plainMs / oursMs));
  const detail = {
    layers,
    units,
    batch,
    tfjsWasm: version,
    plainMs: median(measured.map(({ plainMs }) => plainMs)),
    oursMs: median(measured.map(({ oursMs }) => oursMs)),
    pairs: measured,
  };
  return { name: "wasm-kernels", ratio, unit: "times faster than plain tfjs wasm", detail };
}

/** Forward and backward pass of dense relu layers, as users of tfjs write them. */
function trainingStep(): () => void {
  const dense = () => tf.layers.dense({ units, activation: "relu", inputShape: [units] });
  const model = tf.sequential({ layers: Array.from({ length: layers }, dense) });
  const inputs = tf.randomNormal([batch, units], 0, 1, "float32", 1);
  const labels = tf.randomNormal([batch, units], 0, 1, "float32", 2);
  return () => {
    tf.tidy(() => {
      const loss = (): tf.Scalar =>
        tf.losses.meanSquaredError(labels, model.apply(inputs) as tf.Tensor);
      const { value, grads } = tf.variableGrads(loss);
      value.dataSync();
      // Reading waits for a backend that works asynchronously; wasm has finished anyway.
      for (const gradient of Object.values(grads)) gradient.sum().dataSync();
    });
  };
}

function warmUp(step: () => void): void {
  const uninstall = installWasmKernels();
  step();
  uninstall();
  step();
}

function measurePair(step: () => void): Pair {
  const plainMs = durationOf(step);
  const uninstall = installWasmKernels();
  const oursMs = durationOf(step);
  uninstall();
  return { plainMs, oursMs };
}

function durationOf(step: () => void): number {
  const start = performance.now();
  step();
  return performance.now() - start;
}

function print(index: number, { plainMs, oursMs }: Pair): void {
  const columns = [plainMs.toFixed(0), oursMs.toFixed(0), (plainMs / oursMs).toFixed(1)];
  if (index === 0) process.stdout.write("pair   plain ms    ours ms      ratio\n");
  const cells = columns.map((column) => column.padStart(11)).join("");
  process.stdout.write(`${String(index + 1).padStart(4)}${cells}\n`);
}
