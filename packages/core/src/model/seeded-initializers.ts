// Initial weights from counters: a pure function of the run's seed, the block's name and the weight's
// ordinal in it. tfjs draws them from Math.random unless every initializer is told a seed, so seeds are
// handed out while a model's factory runs. Weights that the factory sets or loads itself survive.

import * as tf from "@tensorflow/tfjs";
import { drawsFor } from "../random/draws.ts";

export interface InitialDraws {
  /** The run's seed. */
  seed: number;
  /** Name of the block that the factory builds. */
  block: string;
}

type AddWeight = (this: tf.layers.Layer, ...args: unknown[]) => tf.LayerVariable;

interface SeedableInitializer {
  seed: number | null | undefined;
}

/** Position of the initializer among the arguments of `addWeight`. */
const initializerArgument = 3;

let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Runs a factory of a model with seeded initializers. Factories run one after another, since what is
 * wrapped meanwhile, the prototype of all layers, exists once per process.
 */
export function withSeededInitializers<T>(
  draws: InitialDraws,
  factory: () => T | Promise<T>,
): Promise<T> {
  const turn = lastTurn.then(() => runSeeded(draws, factory));
  lastTurn = turn.catch(() => undefined);
  return turn;
}

async function runSeeded<T>(draws: InitialDraws, factory: () => T | Promise<T>): Promise<T> {
  const prototype = tf.layers.Layer.prototype as unknown as { addWeight: AddWeight };
  const original = prototype.addWeight;
  let ordinal = 0;
  prototype.addWeight = function addSeededWeight(...args) {
    const seed = seedOf(draws, ordinal++);
    const initializers = [args[initializerArgument], ...Object.values(this)].filter(isUnseeded);
    return withSeed(initializers, seed, () => original.apply(this, args));
  };
  try {
    return await factory();
  } finally {
    prototype.addWeight = original;
  }
}

function seedOf({ seed, block }: InitialDraws, ordinal: number): number {
  const draw = drawsFor({ seed, purpose: "init", task: block, step: ordinal });
  // tfjs takes a seed of 0 for none.
  return 1 + draw.integer(2 ** 31 - 1);
}

/**
 * All initializers of the layer are candidates, since an LSTM wraps that of its bias in a closure. A
 * seed of 0 counts as none: tfjs ignores it in all normal distributions.
 */
function isUnseeded(value: unknown): value is SeedableInitializer {
  if (typeof value !== "object" || value === null) return false;
  const { apply, seed } = value as { apply?: unknown; seed?: unknown };
  return typeof apply === "function" && "seed" in value && (seed ?? 0) === 0;
}

/** Gives the seed for one weight only: an initializer may be shared by several weights. */
function withSeed<T>(initializers: SeedableInitializer[], seed: number, add: () => T): T {
  const before = initializers.map((initializer) => initializer.seed);
  for (const initializer of initializers) initializer.seed = seed;
  try {
    return add();
  } finally {
    initializers.forEach((initializer, i) => {
      initializer.seed = before[i];
    });
  }
}
