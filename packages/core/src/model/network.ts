// A hard-parameter-sharing network in memory: one trunk, one head per task, each a block of its own.
// Built from the user's factories; problems are reported by `networkProblems`, not thrown here.

import * as tf from "@tensorflow/tfjs";
import { ExperimentError, expected } from "../errors.ts";
import type { TrunklineRouted } from "../routing/routed-layer.ts";
import { type ResolvedRouting, routingDefaults } from "../routing/settings.ts";
import {
  numberRouted,
  routerVariables,
  type TaskRouter,
  taskRouters,
} from "../routing/task-router.ts";
import { type Block, blockOf, type OwnVariable } from "./block.ts";
import { numberDropouts } from "./dropout.ts";
import { usePrunedGradients } from "./pruned-layers.ts";
import { type InitialDraws, withSeededInitializers } from "./seeded-initializers.ts";

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
  /** How routed layers of the trunk are trained. @default the defaults of `RoutingSettings` */
  routing?: ResolvedRouting;
}

export interface NetworkPart {
  readonly model: tf.LayersModel;
  readonly block: Block;
}

export interface HeadPart extends NetworkPart {
  /** By routed layer of the trunk; their parameters are in the block. */
  readonly routers: readonly TaskRouter[];
}

/** Layers of the trunk through which each task has its own way. */
export interface NetworkRouting {
  /** In their fixed order; empty where all tasks share all of the trunk. */
  readonly layers: readonly TrunklineRouted[];
  readonly settings: ResolvedRouting;
}

/** Owns the models of trunk and heads. */
export class Network {
  readonly trunk: NetworkPart;
  readonly heads: ReadonlyMap<string, HeadPart>;
  readonly routing: NetworkRouting;

  constructor(
    trunk: NetworkPart,
    heads: ReadonlyMap<string, HeadPart>,
    routing: NetworkRouting = { layers: [], settings: routingDefaults() },
  ) {
    this.trunk = trunk;
    this.heads = heads;
    this.routing = routing;
  }

  /** Whether tasks take ways of their own through the trunk. */
  get isRouted(): boolean {
    return this.routing.layers.length > 0;
  }

  /** The head of a task that the network has. */
  head(task: string): HeadPart {
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
export async function buildNetwork(options: NetworkOptions): Promise<Network> {
  const { seed, trunk, heads, routing: settings = routingDefaults() } = options;
  const blocks: Block[] = [];
  const partOf = (model: tf.LayersModel, own: readonly OwnVariable[]): NetworkPart => {
    const block = blockOf(model, own);
    blocks.push(block);
    return { model, block };
  };
  try {
    const trunkPart = partOf(await buildModel(trunk, { seed, block: "trunk" }), []);
    const features = featuresOf(trunkPart.model);
    const layers = numberRouted(trunkPart.model);
    const headParts = new Map<string, HeadPart>();
    for (const [taskIndex, [task, factory]] of Object.entries(heads).entries()) {
      const draws = { seed, block: `tasks.${task}.head` };
      const model = await buildModel(() => factory(features), draws);
      const routers = taskRouters(layers, { seed, task, taskIndex });
      headParts.set(task, { ...partOf(model, routerVariables(routers)), routers });
    }
    return new Network(trunkPart, headParts, { layers, settings });
  } catch (error) {
    for (const block of blocks) block.dispose();
    throw error;
  }
}

async function buildModel(factory: TrunkFactory, draws: InitialDraws): Promise<tf.LayersModel> {
  const model = await withSeededInitializers(draws, factory);
  checkModel(model, draws.block);
  numberDropouts(model);
  usePrunedGradients(model);
  return model;
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
