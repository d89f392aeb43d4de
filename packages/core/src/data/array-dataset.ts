// A dataset in memory. It checks that sizes fit; what the numbers may be is `check-data.ts`'s business.

import { ExperimentError, expected, type Problem } from "../errors.ts";
import { type ArrayValues, type NumericArray, sizeOf } from "./arrays.ts";
import type { Dataset } from "./dataset.ts";
import { gatherRows, scaleInPlace } from "./gather.ts";

export interface ArrayDatasetOptions {
  /** `[rows, ...inputShape]`, row-major. Typed arrays are borrowed and keep their kind. */
  inputs: NumericArray | ArrayValues | readonly (readonly number[])[];
  /** Shape of one input. @default that of `inputs` where it has one; needed with a typed array */
  inputShape?: readonly number[];
  /** By task `[rows, ...labelShape]`; an array without a shape is one number per row. NaN: missing. */
  labels: Readonly<Record<string, NumericArray | readonly number[] | ArrayValues>>;
  /** By task `[rows]`. @default 1 everywhere */
  sampleWeights?: Readonly<Record<string, NumericArray | readonly number[]>>;
  /** What inputs are multiplied by as they are batched, as 1 / 255 for bytes. @default 1 */
  scale?: number;
}

interface Column {
  values: NumericArray;
  /** Of one row. */
  shape: readonly number[];
  /** Values in one row. */
  width: number;
  rows: number;
}

type Columns = Readonly<Record<string, Column>>;

/**
 * A dataset over arrays in memory. What `idxArray` and `npyArray` return can be handed over as it is.
 *
 * @throws ExperimentError if lengths and shapes do not fit.
 */
export function arrayDataset(options: ArrayDatasetOptions): Dataset {
  const problems: Problem[] = [];
  const inputs = inputColumn(options, problems);
  const labels = columns("labels", options.labels, inputs.rows, problems);
  const weights = columns("sampleWeights", options.sampleWeights ?? {}, inputs.rows, problems);
  if (problems.length > 0) throw new ExperimentError(problems);
  const weighted = Object.keys(weights).length > 0;
  const { scale = 1 } = options;
  return {
    size: inputs.rows,
    inputShape: inputs.shape,
    labelShapes: mapColumns(labels, (column) => column.shape),
    batch(indices) {
      const gathered = gatherRows(inputs.values, inputs.width, indices);
      scaleInPlace(gathered, scale);
      const gather = (column: Column) => gatherRows(column.values, column.width, indices);
      const batch = { inputs: gathered, labels: mapColumns(labels, gather) };
      return weighted ? { ...batch, sampleWeights: mapColumns(weights, gather) } : batch;
    },
  };
}

function inputColumn(options: ArrayDatasetOptions, problems: Problem[]): Column {
  const { inputs, inputShape } = options;
  if (isArrayValues(inputs)) {
    const column = shapedColumn("inputs", inputs, problems);
    if (inputShape === undefined) return column;
    if (sizeOf(inputShape) !== column.width) {
      problems.push(misfit("inputShape", `a shape of ${column.width} values`, inputShape));
    }
    return { ...column, shape: inputShape };
  }
  if (ArrayBuffer.isView(inputs)) {
    if (inputShape === undefined) {
      problems.push(misfit("inputShape", "given where `inputs` is a typed array", inputShape));
    }
    return wholeRows("inputs", inputs, inputShape ?? [], problems);
  }
  return nestedColumn(inputs, inputShape, problems);
}

function nestedColumn(
  rows: readonly (readonly number[])[],
  inputShape: readonly number[] | undefined,
  problems: Problem[],
): Column {
  const shape = inputShape ?? [rows[0]?.length ?? 0];
  const width = sizeOf(shape);
  const values = new Float32Array(rows.length * width);
  const ragged = rows.findIndex((row) => row.length !== width);
  if (ragged < 0) for (const [i, row] of rows.entries()) values.set(row, i * width);
  else problems.push(misfit(`inputs[${ragged}]`, `${width} values long`, rows[ragged]!.length));
  return { values, shape, width, rows: rows.length };
}

function columns(
  path: string,
  given: NonNullable<ArrayDatasetOptions["labels"]>,
  rows: number,
  problems: Problem[],
): Columns {
  const named = Object.entries(given).map(([task, array]): [string, Column] => {
    const column = isArrayValues(array)
      ? shapedColumn(`${path}.${task}`, array, problems)
      : { values: typed(array), shape: [], width: 1, rows: array.length };
    if (column.rows !== rows) {
      const should = `as many rows as \`inputs\`, ${rows}`;
      problems.push(misfit(`${path}.${task}`, should, column.rows));
    }
    return [task, column];
  });
  return Object.fromEntries(named);
}

function shapedColumn(path: string, array: ArrayValues, problems: Problem[]): Column {
  const [rows = 0, ...shape] = array.shape;
  if (sizeOf(array.shape) !== array.values.length || array.shape.length === 0) {
    const should = `[rows, ...] of ${array.values.length} values`;
    problems.push(misfit(`${path}.shape`, should, array.shape));
  }
  return { values: typed(array.values), shape, width: sizeOf(shape), rows };
}

function wholeRows(
  path: string,
  values: NumericArray,
  shape: readonly number[],
  problems: Problem[],
): Column {
  const width = sizeOf(shape);
  if (values.length % width !== 0) {
    problems.push(misfit(path, `whole rows of ${width} values`, `${values.length} values`));
  }
  return { values, shape, width, rows: Math.floor(values.length / width) };
}

function misfit(path: string, should: string, found: unknown): Problem {
  return {
    path,
    code: "experiment/shape",
    message: expected(path, should, found),
    remedy: "Make inputs, labels and weights agree in rows and shapes.",
  };
}

function mapColumns<T>(named: Columns, map: (column: Column) => T): Record<string, T> {
  const result: Record<string, T> = {};
  for (const task in named) result[task] = map(named[task]!);
  return result;
}

function typed(values: NumericArray | readonly number[]): NumericArray {
  return ArrayBuffer.isView(values) ? values : Float32Array.from(values);
}

function isArrayValues(array: object): array is ArrayValues {
  return "values" in array && "shape" in array;
}
