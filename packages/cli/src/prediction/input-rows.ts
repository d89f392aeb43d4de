// The rows that predictions are made for: a file of one of the formats that experiments read, as rows of
// the shape of the model's input.

import { basename, resolve } from "node:path";
import {
  csvDataset,
  EnvironmentError,
  ExperimentError,
  idxFile,
  npyFile,
  type RowFile,
  show,
} from "@trunkline/core";
import { DataFiles } from "../load/file-source.ts";

export interface InputRows extends RowFile {
  close(): Promise<void>;
}

export interface InputOptions {
  /** Of one row, as the model takes it. */
  shape: readonly number[];
  /** Columns of a CSV file. @default all */
  columns?: readonly string[] | undefined;
}

type Reader = (file: string, files: DataFiles, options: InputOptions) => Promise<RowFile>;

/** By the end of the file's name. */
const readers: readonly [RegExp, Reader][] = [
  [/\.npy$/i, (file, files) => npyFile(files.open(file))],
  [/(\.idx|ubyte)$/i, (file, files) => idxFile(files.open(file))],
  [/\.csv$/i, csvRows],
];

/** Opens the file and checks the shape of its rows. */
export async function openInput(path: string, options: InputOptions): Promise<InputRows> {
  const file = resolve(path);
  const read = readers.find(([name]) => name.test(basename(file)))?.[1];
  if (read === undefined) throw unknownFormat(path);
  const files = new DataFiles(process.cwd());
  try {
    const rows = await read(file, files, options);
    if (!sameShape(rows.rowShape, options.shape)) throw wrongShape(path, rows, options);
    return { ...rows, close: () => files.close() };
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function csvRows(
  file: string,
  files: DataFiles,
  { columns = [] }: InputOptions,
): Promise<RowFile> {
  const inputs = columns.length === 0 ? "all" : columns;
  const dataset = await csvDataset(files.open(file), { inputs, labels: {} });
  // Nothing is drawn for rows of a file.
  const context = { epoch: 0, training: false, draw: undefined as never };
  return {
    count: dataset.size,
    rowShape: dataset.inputShape,
    rows: async (indices) => (await dataset.batch(indices, context)).inputs,
  };
}

/** Axes of length 1 hold no numbers of their own: 28 x 28 pixels are an image of one channel. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const long = (shape: readonly number[]) => show(shape.filter((axis) => axis !== 1));
  return long(a) === long(b);
}

function wrongShape(path: string, { rowShape }: RowFile, { shape, columns }: InputOptions) {
  const isCsv = /\.csv$/i.test(path) && columns === undefined;
  return new ExperimentError([
    {
      path,
      code: "experiment/shape",
      message: `The model takes rows of shape ${show([...shape])}. The file has rows of shape ${show([...rowShape])}.`,
      remedy: isCsv
        ? "Name the columns of the input, in their order, with --columns A,B,…"
        : "Give one row per sample, each of the shape of the training inputs.",
    },
  ]);
}

function unknownFormat(path: string): EnvironmentError {
  return new EnvironmentError(
    "cli/invalid-option",
    `Parameter \`--input\` should be a .npy, .csv or IDX file. Found ${path}.`,
    {
      remedy: "Give a file whose name ends in .npy, .csv, .idx or ubyte.",
      details: { input: path },
    },
  );
}
