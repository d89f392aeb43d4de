// `trunkline predict`: a task's outputs for rows of a file, one line of JSON a row.

import * as tf from "@tensorflow/tfjs";
import type { RowFile } from "@trunkline/core";
import { type BackendName, chooseBackend } from "@trunkline/worker";
import { type Answer, meaningOf } from "../prediction/answer.ts";
import { openInput } from "../prediction/input-rows.ts";
import { type LineSink, openSink } from "../prediction/line-sink.ts";
import { taskModel } from "../prediction/task-model.ts";
import { openRun, type WeightsOptions } from "../trained/open-run.ts";
import { requireTask } from "../trained/require-task.ts";

export interface PredictOptions extends WeightsOptions {
  task: string;
  input: string;
  /** Columns of a CSV file that are the input, in its order. @default all */
  columns?: readonly string[];
  /** @default standard output */
  output?: string;
  backend: BackendName | "auto";
}

/** Rows in memory at once. */
const chunkRows = 256;

export async function predictCommand(path: string, options: PredictOptions): Promise<void> {
  const run = await openRun(path);
  const { task, input, columns, output } = options;
  requireTask(run.record, task);
  await chooseBackend(options.backend);
  const model = await taskModel(run, task, options);
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const rows = await openInput(input, { shape, columns });
  const sink = await openSink(output);
  try {
    await predictRows(model, { rows, sink, loss: run.record.settings.tasks[task]!.loss });
    await sink.done();
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    await rows.close();
    model.dispose();
  }
}

async function predictRows(
  model: tf.LayersModel,
  { rows, sink, loss }: { rows: RowFile; sink: LineSink; loss: string },
): Promise<void> {
  const outputShape = model.outputs[0]!.shape.slice(1) as number[];
  const width = outputShape.reduce((size, axis) => size * axis, 1);
  const meaning = meaningOf(loss, outputShape.at(-1) ?? 1);
  let wanted = true;
  for (let first = 0; first < rows.count && wanted; first += chunkRows) {
    const length = Math.min(chunkRows, rows.count - first);
    const values = await outputsOf(model, rows, { first, length });
    const lines = Array.from({ length }, (_, i) => {
      const output = [...values.subarray(i * width, (i + 1) * width)];
      const answer: Answer = { row: first + i, output, ...meaning(output) };
      return `${JSON.stringify(answer)}\n`;
    });
    wanted = await sink.write(lines);
  }
}

/** `[length, ...outputShape]`, flat. */
async function outputsOf(
  model: tf.LayersModel,
  rows: RowFile,
  { first, length }: { first: number; length: number },
): Promise<Float32Array> {
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const chunk = await rows.rows(Uint32Array.from({ length }, (_, i) => first + i));
  const outputs = tf.tidy(() => model.predict(tf.tensor(chunk, [length, ...shape])) as tf.Tensor);
  const values = (await outputs.data()) as Float32Array;
  outputs.dispose();
  return values;
}
