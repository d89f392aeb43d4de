// Where a head phase gets its features from: the cache, or the trunk itself at every step. Both give the
// same numbers. A trunk with routed layers has no features to give: each task's way through it is part of
// what moves.

import * as tf from "@tensorflow/tfjs";
import { type PreparedExperiment, type Source, trunkFeatures } from "@trunkline/core";
import type { Batches, BatchKey } from "./batches.ts";
import { FeatureCache } from "./feature-cache/feature-cache.ts";
import { type Dropped, nowAndThen } from "./now-and-then.ts";

/** Features and labels of one batch; borrowed until the next step or `release`. */
export interface HeadInputBatch {
  /** None where the trunk has routed layers. */
  features: readonly tf.Tensor[];
  /** Of the trunk, `[B, ...inputShape]`; null where the features come from the cache. */
  inputs: tf.Tensor | null;
  labels: ReadonlyMap<string, tf.Tensor>;
  sampleWeights: ReadonlyMap<string, tf.Tensor1D>;
}

export interface HeadInputs {
  /** Does what is done once, before the first step; false where the work was dropped meanwhile. */
  prepare(sources: readonly Source[], dropped: Dropped): Promise<boolean>;
  /** The batch of a source that is prepared. */
  of(source: Source, key: BatchKey): Promise<HeadInputBatch>;
  /** Frees the batch of the latest step. */
  release(): void;
}

/**
 * Caches stay until the trunk changes; several leases of one phase share them, and all of them share the
 * memory that is set. Owns them.
 */
export class FeatureCaches {
  readonly #prepared: PreparedExperiment;
  #trunkVersion = -1;
  readonly #caches = new Map<string, FeatureCache>();

  constructor(prepared: PreparedExperiment) {
    this.#prepared = prepared;
  }

  /** Builds the cache of a source where there is none; false where the work was dropped meanwhile. */
  async fill(source: Source, trunkVersion: number, dropped: Dropped): Promise<boolean> {
    if (trunkVersion !== this.#trunkVersion) this.dispose();
    this.#trunkVersion = trunkVersion;
    if (this.#caches.has(source.name)) return true;
    const budgetBytes = this.#prepared.settings.cache.memoryMiB * 2 ** 20 - this.memoryBytes();
    const built = await FeatureCache.build(this.#prepared, source, { budgetBytes, dropped });
    if (built !== null) this.#caches.set(source.name, built);
    return built !== null;
  }

  /** A cache that was filled. */
  of(source: Source): FeatureCache {
    return this.#caches.get(source.name)!;
  }

  /** Bytes held beside tensors. */
  memoryBytes(): number {
    return [...this.#caches.values()].reduce((sum, cache) => sum + cache.memoryBytes, 0);
  }

  dispose(): void {
    for (const cache of this.#caches.values()) cache.dispose();
    this.#caches.clear();
  }
}

/** A source whose inputs, or whose way through the trunk, change from draw to draw has none to keep. */
export function usesCache({ settings, network }: PreparedExperiment, source: Source): boolean {
  return settings.cache.enabled && source.splits.train.augments !== true && !network.isRouted;
}

/** Features of a head phase at one trunk version. */
export function headInputs(
  prepared: PreparedExperiment,
  from: { batches: Batches; caches: FeatureCaches; trunkVersion: number },
): HeadInputs {
  const { batches, caches, trunkVersion } = from;
  const current = new Map<string, { batch: HeadInputBatch; dispose(): void }>();
  let step = "";
  const release = () => {
    for (const { dispose } of current.values()) dispose();
    current.clear();
    batches.release();
  };
  return {
    release,
    async prepare(sources, dropped) {
      const isDropped = nowAndThen(dropped);
      for (const source of sources.filter((each) => usesCache(prepared, each))) {
        if (!(await caches.fill(source, trunkVersion, isDropped))) return false;
      }
      return true;
    },
    async of(source, key) {
      const name = `${key.epoch}/${key.step}`;
      if (name !== step) release();
      step = name;
      const known = current.get(source.name);
      if (known !== undefined) return known.batch;
      const made = usesCache(prepared, source)
        ? cached(caches.of(source), batches.indices(source, key))
        : await computed(prepared, batches, { source, key });
      current.set(source.name, made);
      return made.batch;
    },
  };
}

function cached(cache: FeatureCache, indices: Uint32Array) {
  const batch = cache.batch(indices);
  const tensors = [...batch.features, ...batch.labels.values(), ...batch.sampleWeights.values()];
  return { batch: { ...batch, inputs: null }, dispose: () => tf.dispose(tensors) };
}

async function computed(
  prepared: PreparedExperiment,
  batches: Batches,
  { source, key }: { source: Source; key: BatchKey },
) {
  const { inputs, labels, sampleWeights } = await batches.of(source, key);
  const { network } = prepared;
  const features = network.isRouted ? [] : trunkFeatures(network, inputs);
  return {
    batch: { features, inputs, labels, sampleWeights },
    dispose: () => tf.dispose(features),
  };
}
