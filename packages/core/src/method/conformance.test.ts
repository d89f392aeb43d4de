import { describe } from "vitest";
import { describeMethod } from "./conformance.ts";
import {
  type MethodName,
  type MethodSpec,
  methodNames,
  methodOf,
  methodSchema,
} from "./registry.ts";

/** Fields without which a method is no method. */
const required: Partial<Record<MethodName, (taskCount: number) => object>> = {
  fixed: (taskCount) => ({ weights: Array.from({ length: taskCount }, (_, k) => k + 1) }),
  "cr-mogm": () => ({ of: { kind: "pcgrad" } }),
};

/** Options under which a method claims other properties, or takes another path. */
const variants: readonly [name: string, spec: (taskCount: number) => object][] = [
  ["stch after its warm-up", () => ({ kind: "stch", warmupEpochs: 0 })],
  ["mgda by norms", () => ({ kind: "mgda", normaliser: "norm" })],
  ["mgda by losses", () => ({ kind: "mgda", normaliser: "loss" })],
  ["mgda by norms and losses", () => ({ kind: "mgda", normaliser: "normTimesLoss" })],
  ["cagrad, rescaled by 1 + c", () => ({ kind: "cagrad", rescale: 2 })],
  ["nash-mtl every second step", () => ({ kind: "nash-mtl", every: 2 })],
  ["nash-mtl as it is", () => ({ kind: "nash-mtl", maxNorm: null, normaliseGram: false })],
  ["fair-grad, a 2", () => ({ kind: "fair-grad", alpha: 2 })],
  ["fair-grad, a 0.5", () => ({ kind: "fair-grad", alpha: 0.5 })],
  ["aligned-mtl, median", () => ({ kind: "aligned-mtl", scale: "median" })],
  ["aligned-mtl, preferring", (count) => ({ kind: "aligned-mtl", preferences: ascending(count) })],
  ["upgrad, exact", () => ({ kind: "upgrad", epsilon: 0 })],
  ["upgrad, preferring", (count) => ({ kind: "upgrad", preferences: ascending(count) })],
  ["dual-proj, exact", () => ({ kind: "dual-proj", epsilon: 0 })],
  ["graddrop, leaking", () => ({ kind: "graddrop", leak: 0.3 })],
  ["trimmed-mean by share", () => ({ kind: "trimmed-mean", trim: 0.4 })],
  ["cr-mogm of ew", () => ({ kind: "cr-mogm", of: { kind: "ew" } })],
  ["cr-mogm of famo", () => ({ kind: "cr-mogm", of: { kind: "famo" } })],
  ["cr-mogm of nash-mtl", () => ({ kind: "cr-mogm", of: { kind: "nash-mtl" }, smoothing: 0.5 })],
];

function ascending(count: number): number[] {
  return Array.from({ length: count }, (_, k) => k + 1);
}

function parsed(spec: object): MethodSpec {
  return methodSchema.parse(spec);
}

describe("every method", () => {
  for (const kind of methodNames) {
    describeMethod(kind, (count) => methodOf(parsed({ kind, ...required[kind]?.(count) })));
  }
});

describe("with other options", () => {
  for (const [name, spec] of variants) {
    describeMethod(name, (count) => methodOf(parsed(spec(count))));
  }
});
