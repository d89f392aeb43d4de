// A hard-parameter-sharing network in memory: one trunk, one head per task, each a block of its own.
// Built from the user's factories; problems are reported by `networkProblems`, not thrown here.

import * as tf from "@tensorflow/tfjs";
import { ExperimentError, expected } from "../errors.ts";
import { type Block, blockOf } from "./block.ts";
import { numberDropouts } from "./dropout.ts";
import { usePrunedGradients } from "./pruned-layers.ts";
import { withSeededInitializers } from "./seeded-initializers.ts";

/** What a head's factory learns of the trunk. */
export interface Features {
  /** Shape of one sample's features, the trunk's first output. */
  inputShape: number[];
  /** The same for every output of the trunk. */
  inputShapes: number[][];
}

export type TrunkFactory = () => tf.LayersModel | Promise<tf.LayersModel>;
export type HeadFactory = (features: Features) => tf.LayersModel | Promise<tf.LayersModel>;

export interface NetworkOptions {
  /** The run's seed; initial weights are a function of it. */
  seed: number;
  trunk: TrunkFactory;
  /** By task. A head has as many inputs as it takes of the trunk's outputs, in their order. */
  heads: Readonly<Record<string, HeadFactory>>;
}

export interface NetworkPart {
  readonly model: tf.LayersModel;
  readonly block: Block;
}

/** Owns the models of trunk and heads. */
export class Network {
  readonly trunk: NetworkPart;
  readonly heads: ReadonlyMap<string, NetworkPart>;

  constructor(trunk: NetworkPart, heads: ReadonlyMap<string, NetworkPart>) {
    this.trunk = trunk;
    this.heads = heads;
  }

  /** The head of a task that the network has. */
  head(task: string): NetworkPart {
    const head = this.heads.get(task);
    if (head === undefined) throw new RangeError(`the network has no head for task "${task}"`);
    return head;
  }

  dispose(): void {
    this.trunk.block.dispose();
    for (const head of this.heads.values()) head.block.dispose();
  }
}

/** Builds trunk and heads, in this order, with initial weights from the counters. */
export async function buildNetwork({ seed, trunk, heads }: NetworkOptions): Promise<Network> {
  const built: NetworkPart[] = [];
  const build = async (name: string, factory: TrunkFactory): Promise<NetworkPart> => {
    const model = await withSeededInitializers({ seed, block: name }, factory);
    checkModel(model, name);
    numberDropouts(model);
    usePrunedGradients(model);
    const part = { model, block: blockOf(model) };
    built.push(part);
    return part;
  };
  try {
    const trunkPart = await build("trunk", trunk);
    const features = featuresOf(trunkPart.model);
    const headParts = new Map<string, NetworkPart>();
    for (const [task, factory] of Object.entries(heads)) {
      headParts.set(task, await build(`tasks.${task}.head`, () => factory(features)));
    }
    return new Network(trunkPart, headParts);
  } catch (error) {
    for (const part of built) part.block.dispose();
    throw error;
  }
}

function featuresOf(trunk: tf.LayersModel): Features {
  const inputShapes = trunk.outputs.map((output) => output.shape.slice(1) as number[]);
  return { inputShape: inputShapes[0]!, inputShapes };
}

/** Nothing can be built on what is no model, so this one mistake is not collected with the others. */
function checkModel(model: unknown, path: string): void {
  const isModel = model instanceof tf.LayersModel;
  if (isModel && (model.outputs?.length ?? 0) > 0) return;
  const found = isModel ? "a model without layers" : Object.prototype.toString.call(model);
  throw new ExperimentError([
    {
      path,
      code: "experiment/invalid-value",
      message: expected(path, "a factory of a tfjs layers model with at least one layer", found),
      remedy: "Return what `tf.sequential({ layers: [...] })` or `tf.model(...)` gives.",
    },
  ]);
}
