// A block of parameters (the trunk, or one head) as flat arrays, which is how coordinator and wire see
// it. Knows neither optimizers nor training; a flat array's order is the layers' position.

import type * as tf from "@tensorflow/tfjs";
import { tensor } from "@tensorflow/tfjs";
import { walkLayers } from "./walk-layers.ts";

/** Where one variable lies in the flat array. */
export interface Slot {
  /** By position, as `0.dense.kernel`; the same in every process. */
  name: string;
  shape: readonly number[];
  offset: number;
  size: number;
}

export interface BlockLayout {
  /** What training moves. */
  parameters: readonly Slot[];
  /** What moves without a gradient, as batch norm's moving mean. */
  statistics: readonly Slot[];
  /** Numbers in `parameters` together. */
  length: number;
  /** Numbers in `statistics` together. */
  statisticsLength: number;
  /** The last of `parameters`: those that are in no layer of the model, as a task's router parameters. */
  own: readonly Slot[];
}

/** A parameter of a block beside its model's. */
export interface OwnVariable {
  name: string;
  variable: tf.Variable;
}

interface NamedWeight {
  name: string;
  weight: tf.LayerVariable;
}

/** Owns the model and its own variables. Weights that the model itself declares frozen are in neither array and never move. */
export class Block {
  readonly layout: BlockLayout;
  /** In the order of `layout.parameters`. */
  readonly variables: readonly tf.Variable[];
  /** In the order of `layout.statistics`. */
  readonly statisticVariables: readonly tf.Variable[];
  /** tfjs's handles of `statisticVariables`: what its layers write through. */
  readonly statisticWeights: readonly tf.LayerVariable[];
  readonly #model: tf.LayersModel;
  readonly #frozen: readonly tf.LayerVariable[];
  readonly #own: readonly OwnVariable[];

  constructor(model: tf.LayersModel, own: readonly OwnVariable[] = []) {
    const { parameters, statistics, frozen } = weightsOf(model);
    this.#model = model;
    this.#frozen = frozen;
    this.#own = own;
    this.variables = [
      ...parameters.map(({ weight }) => weight.read() as tf.Variable),
      ...own.map(({ variable }) => variable),
    ];
    this.statisticWeights = statistics.map(({ weight }) => weight);
    this.statisticVariables = this.statisticWeights.map((weight) => weight.read() as tf.Variable);
    const parameterSlots = slotsOf([
      ...parameters.map(placed),
      ...own.map(({ name, variable }) => ({ name, shape: variable.shape })),
    ]);
    const statisticSlots = slotsOf(statistics.map(placed));
    this.layout = {
      parameters: parameterSlots,
      statistics: statisticSlots,
      length: lengthOf(parameterSlots),
      statisticsLength: lengthOf(statisticSlots),
      own: parameterSlots.slice(parameters.length),
    };
  }

  /** A copy of the parameters, `[length]`; into `target` where one is given. */
  readWeights(target = new Float32Array(this.layout.length)): Float32Array {
    return readFlat(this.variables, target);
  }

  /** Sets the parameters in place. Copies `flat`, `[length]`. */
  writeWeights(flat: Float32Array): void {
    writeFlat(this.variables, this.layout.parameters, this.layout.length, flat);
  }

  /** A copy of the weights that are in neither array, by layer; empty where none is frozen. */
  readFrozen(): Float32Array {
    const tensors = this.#frozen.map((weight) => weight.read());
    return readFlat(tensors, new Float32Array(tensors.reduce((sum, { size }) => sum + size, 0)));
  }

  /** A copy of the statistics, `[statisticsLength]`. */
  readStatistics(): Float32Array {
    return readFlat(this.statisticVariables, new Float32Array(this.layout.statisticsLength));
  }

  /** Sets the statistics in place. Copies `flat`, `[statisticsLength]`. */
  writeStatistics(flat: Float32Array): void {
    const { statistics, statisticsLength } = this.layout;
    writeFlat(this.statisticVariables, statistics, statisticsLength, flat);
  }

  /** Sets the statistics without leaving the device. Borrows `values`, in the order of `layout`. */
  assignStatistics(values: readonly tf.Tensor[]): void {
    this.statisticVariables.forEach((variable, i) => {
      variable.assign(values[i]!);
    });
  }

  dispose(): void {
    const weights = this.#model.weights.map((weight) => weight.read());
    this.#model.dispose();
    for (const { variable } of this.#own) variable.dispose();
    // tfjs leaves out nested models and layers used at several places, and it takes a second disposal
    // of a variable off whoever shares its data.
    for (const weight of weights) if (!weight.isDisposed) weight.dispose();
  }
}

/** The flat view of a built model, and of `own` behind it. Takes ownership of both. */
export function blockOf(model: tf.LayersModel, own: readonly OwnVariable[] = []): Block {
  return new Block(model, own);
}

/** Concatenates tensors into `target` and returns it. Borrows the tensors; reads synchronously. */
export function readFlat(tensors: readonly tf.Tensor[], target: Float32Array): Float32Array {
  let offset = 0;
  for (const source of tensors) {
    target.set(source.dataSync(), offset);
    offset += source.size;
  }
  return target;
}

function writeFlat(
  variables: readonly tf.Variable[],
  slots: readonly Slot[],
  length: number,
  flat: Float32Array,
): void {
  if (flat.length !== length) {
    throw new RangeError(`a block of ${length} numbers cannot take ${flat.length}`);
  }
  variables.forEach((variable, i) => {
    const { offset, size, shape } = slots[i]!;
    // Some backends keep the array they are given, so each variable gets its own.
    const value = tensor(flat.slice(offset, offset + size), [...shape]);
    variable.assign(value);
    value.dispose();
  });
}

const placed = ({ name, weight }: NamedWeight) => ({ name, shape: weight.shape as number[] });

function slotsOf(weights: readonly Pick<Slot, "name" | "shape">[]): Slot[] {
  let offset = 0;
  return weights.map(({ name, shape }) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const slot = { name, shape, offset, size };
    offset += size;
    return slot;
  });
}

function lengthOf(slots: readonly Slot[]): number {
  const last = slots.at(-1);
  return last === undefined ? 0 : last.offset + last.size;
}

function weightsOf(model: tf.LayersModel): {
  parameters: NamedWeight[];
  statistics: NamedWeight[];
  frozen: tf.LayerVariable[];
} {
  const trainable = new Set(model.trainableWeights);
  const parameters: NamedWeight[] = [];
  const statistics: NamedWeight[] = [];
  const declared = new Set<tf.LayerVariable>();
  for (const { layer, path } of walkLayers(model)) {
    const { _trainableWeights: own, _nonTrainableWeights: moving } = layer as unknown as OwnWeights;
    const named = (weight: tf.LayerVariable) => ({ name: `${path}.${lastName(weight)}`, weight });
    for (const weight of own) declared.add(weight);
    parameters.push(...own.filter((weight) => trainable.delete(weight)).map(named));
    statistics.push(...moving.map(named));
  }
  // Whatever a layer of the user's own keeps in parts that nobody can list.
  [...trainable].forEach((weight, i) => {
    parameters.push({ name: `other.${i}.${lastName(weight)}`, weight });
  });
  const moving = new Set([...parameters, ...statistics].map(({ weight }) => weight));
  const frozen = [...new Set([...declared, ...model.weights])].filter(
    (weight) => !moving.has(weight),
  );
  return { parameters, statistics, frozen };
}

/**
 * A layer's weights as it declared them. The public getters mix weights that the user froze into the
 * non-trainable ones, and those must not be averaged as statistics are.
 */
interface OwnWeights {
  _trainableWeights: tf.LayerVariable[];
  _nonTrainableWeights: tf.LayerVariable[];
}

function lastName(weight: tf.LayerVariable): string {
  return weight.originalName.split("/").at(-1)!;
}
