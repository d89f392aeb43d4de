// What the feature cache saves in a head phase: the same lease with and without it, in turns, on wasm, for
// head phases of 1, 5 and 20 epochs. The cached time includes filling the cache.

import * as tf from "@tensorflow/tfjs";
import {
  adam,
  arrayDataset,
  type Dataset,
  defineExperiment,
  drawsFor,
  type PreparedExperiment,
  prepareExperiment,
  resolveExperiment,
} from "@trunkline/core";
import { chooseBackend } from "@trunkline/worker";
import { Batches } from "../packages/worker/src/training/batches.ts";
import { FeatureCaches, headInputs } from "../packages/worker/src/training/head-inputs.ts";
import { trainHeads } from "../packages/worker/src/training/head-phase.ts";
import { Heads } from "../packages/worker/src/training/heads.ts";
import { MethodStates } from "../packages/worker/src/training/method-states.ts";
import { TaskTerms } from "../packages/worker/src/training/task-batches.ts";
import { type BenchOptions, type BenchResult, median } from "./result.ts";

export const description = "a head phase with and without the feature cache, E_ts 1, 5 and 20";

const samples = 5_120;
const inputSize = 1_296;
const width = 256;
const lengths = [1, 5, 20] as const;
const headlineLength = 5;
const pairs = 3;
const tasks = ["left", "right"] as const;

export async function run(options: BenchOptions): Promise<BenchResult> {
  await chooseBackend("wasm");
  const cached = await prepare(true);
  const uncached = await prepare(false);
  await headPhaseMs(cached, 1);
  await headPhaseMs(uncached, 1);
  const ratios = new Map<number, number[]>(lengths.map((epochs) => [epochs, []]));
  for (let pair = 0; pair < pairs; pair++) {
    for (const epochs of lengths) {
      const withoutMs = await headPhaseMs(uncached, epochs);
      const withMs = await headPhaseMs(cached, epochs);
      ratios.get(epochs)!.push(withoutMs / withMs);
      if (!options.json) {
        const times = `${withoutMs.toFixed(0)} ms without, ${withMs.toFixed(0)} ms with`;
        process.stdout.write(`pair ${pair}, E_ts ${epochs}: ${times}\n`);
      }
    }
  }
  const ratioAt = lengths.map((epochs) => [`headEpochs${epochs}`, summary(ratios.get(epochs)!)]);
  return {
    name: "head-cache",
    ratio: median(ratios.get(headlineLength)!),
    unit: `times faster than the same head phase without the cache, at E_ts ${headlineLength}`,
    detail: {
      ...Object.fromEntries(ratioAt),
      samples,
      trunk: `${inputSize}-${width} ReLU`,
      heads: `${tasks.length} x ${width}-10`,
      pairs,
    },
  };
}

function summary(ratios: readonly number[]) {
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

async function headPhaseMs(prepared: PreparedExperiment, epochs: number): Promise<number> {
  const batches = new Batches(prepared);
  const heads = new Heads(prepared);
  const caches = new FeatureCaches(prepared);
  const methods = new MethodStates(prepared);
  const trainer = { prepared, batches, heads, methods, terms: new TaskTerms(prepared) };
  const inputs = headInputs(prepared, { batches, caches, trunkVersion: 0 });
  const lease = { tasks, firstEpoch: 0, epochs, learningRateScale: 1, weights: null };
  const start = performance.now();
  await trainHeads(trainer, inputs, lease, {
    progress() {},
    stepDone() {},
    cancelled: async () => false,
    measure: (step) => step(),
  });
  const elapsedMs = performance.now() - start;
  caches.dispose();
  heads.dispose();
  return elapsedMs;
}

/** The network of the multi-mnist example on noise: what the numbers are does not change the time. */
async function prepare(enabled: boolean): Promise<PreparedExperiment> {
  const experiment = defineExperiment({
    name: "head-cache",
    build: () => ({
      data: { train: noise(), validation: noise(16) },
      trunk: () =>
        tf.sequential({
          layers: [tf.layers.dense({ inputShape: [inputSize], units: width, activation: "relu" })],
        }),
      tasks: Object.fromEntries(tasks.map((task) => [task, { head, loss: "softmaxCrossEntropy" }])),
      optimizer: { trunk: adam(), heads: adam() },
      batchSize: 256,
      cache: { enabled },
    }),
  });
  const open = (path: string): never => {
    throw new Error(`no file ${path} is needed`);
  };
  return prepareExperiment(resolveExperiment(experiment, { set: {} }), { open });
}

const head = ({ inputShape }: { inputShape: number[] }) =>
  tf.sequential({ layers: [tf.layers.dense({ inputShape, units: 10 })] });

function noise(size = samples): Dataset {
  const draw = drawsFor({ seed: 1, purpose: "noise" });
  const inputs = Uint8Array.from({ length: size * inputSize }, () => draw.integer(256));
  const labels = Object.fromEntries(
    tasks.map((task) => [task, Float32Array.from({ length: size }, () => draw.integer(10))]),
  );
  return arrayDataset({ inputs, inputShape: [inputSize], labels, scale: 1 / 255 });
}
