// A dataset of chosen columns of a CSV file. The text is read by ranges; of the columns, float32 numbers
// stay in memory. How bytes become cells and cells numbers is told in `csv-records.ts`, `csv-cell.ts`.

import { ExperimentError, type Problem } from "../errors.ts";
import { arrayDataset } from "./array-dataset.ts";
import type { ByteSource } from "./byte-source.ts";
import { type CsvHeader, checkColumns, columnOf } from "./csv-columns.ts";
import { csvRecords } from "./csv-records.ts";
import { type CsvTable, cellProblem, readRow, reserve, valuesOf } from "./csv-table.ts";
import type { Dataset } from "./dataset.ts";
import { type FirstProblems, firstProblems } from "./first-problems.ts";
import { malformed } from "./malformed.ts";

export interface CsvOptions {
  /**
   * Columns of the input, in this order; inputs have the shape `[inputs.length]`. `all`: those that are
   * neither labels nor weights, in the file's order.
   */
  inputs: readonly string[] | "all";
  /** By task: one column, a single number; or several, a label of the shape `[columns]`. */
  labels: Readonly<Record<string, string | readonly string[]>>;
  /** By task. @default 1 everywhere */
  sampleWeights?: Readonly<Record<string, string>>;
  /** Words of a column, by column; they become 0, 1, … in this order. @default none, all numbers */
  categories?: Readonly<Record<string, readonly string[]>>;
  /** Whether an empty label, `NaN` or `NA` is a missing one. @default false */
  missingLabels?: boolean;
  /** @default "," */
  delimiter?: string;
  /** Bytes of text in memory at once. @default 4 MiB */
  rangeBytes?: number;
}

interface Tables {
  inputs: CsvTable;
  labels: Record<string, CsvTable>;
  sampleWeights: Record<string, CsvTable>;
}

/**
 * A dataset from a CSV file whose first line names the columns. Fields may be quoted; lines end in LF or
 * CRLF; blank lines are skipped. Messages count rows from 1, the header not among them.
 *
 * @throws ExperimentError with the first mistake of each kind in each column: `data/malformed` (unknown
 * columns, ragged rows, cells that are no numbers) or `data/not-finite`.
 */
export async function csvDataset(source: ByteSource, options: CsvOptions): Promise<Dataset> {
  const { delimiter = ",", rangeBytes = 4 * 1024 * 1024 } = options;
  const problems = firstProblems();
  let header: CsvHeader | undefined;
  let tables: Tables | undefined;
  let rows = 0;
  for await (const records of csvRecords(source, { delimiter, rangeBytes })) {
    header ??= headerOf(source.name, records.shift()!, options);
    tables ??= tablesOf(header, options);
    readRecords(tables, { records, rows, header, problems });
    rows += records.length;
  }
  if (tables === undefined) {
    throw malformed(source.name, "The file is empty.", "Give a file with a header and rows.");
  }
  const found = problems.list();
  if (found.length > 0) throw new ExperimentError(found);
  return datasetOf(tables, rows, options);
}

function headerOf(file: string, record: readonly string[], options: CsvOptions): CsvHeader {
  const { inputs, labels, sampleWeights = {}, categories = {} } = options;
  const header = { file, names: record.map((name) => name.trim()), categories };
  checkColumns(header, [
    ...(inputs === "all" ? header.names : inputs),
    ...Object.values(labels).flat(),
    ...Object.values(sampleWeights),
  ]);
  return header;
}

function inputColumns({ names }: CsvHeader, options: CsvOptions): readonly string[] {
  const { inputs, labels, sampleWeights = {} } = options;
  if (inputs !== "all") return inputs;
  const others = new Set([...Object.values(labels).flat(), ...Object.values(sampleWeights)]);
  return names.filter((name) => !others.has(name));
}

function tablesOf(header: CsvHeader, options: CsvOptions): Tables {
  const table = (names: readonly string[], mayMiss = false): CsvTable => ({
    columns: names.map((name) => columnOf(header, name, mayMiss)),
    values: new Float32Array(0),
  });
  return {
    inputs: table(inputColumns(header, options)),
    labels: mapValues(options.labels, (names) =>
      table(typeof names === "string" ? [names] : names, options.missingLabels),
    ),
    sampleWeights: mapValues(options.sampleWeights ?? {}, (name) => table([name])),
  };
}

interface RecordGroup {
  records: readonly string[][];
  /** Rows before these. */
  rows: number;
  header: CsvHeader;
  problems: FirstProblems;
}

function readRecords(tables: Tables, { records, rows, header, problems }: RecordGroup): void {
  const { inputs, labels, sampleWeights } = tables;
  const all = [inputs, ...Object.values(labels), ...Object.values(sampleWeights)];
  for (const table of all) reserve(table, rows + records.length);
  for (const [i, record] of records.entries()) {
    const row = rows + i;
    if (record.length !== header.names.length) {
      problems.add("length", () => raggedRow(header, row, record.length));
      continue;
    }
    for (const table of all) {
      readRow(table, row, record, (column, mistake) =>
        problems.add(`${mistake.code} ${column.name}`, () =>
          cellProblem(header.file, row, column, mistake),
        ),
      );
    }
  }
}

function datasetOf(tables: Tables, rows: number, options: CsvOptions): Dataset {
  const { inputs, labels, sampleWeights } = tables;
  return arrayDataset({
    inputs: { shape: [rows, inputs.columns.length], values: valuesOf(inputs, rows) },
    labels: mapValues(labels, (table, task) => {
      const single = typeof options.labels[task] === "string";
      const shape = single ? [rows] : [rows, table.columns.length];
      return { shape, values: valuesOf(table, rows) };
    }),
    sampleWeights: mapValues(sampleWeights, (table) => valuesOf(table, rows)),
  });
}

function raggedRow(header: CsvHeader, row: number, fields: number): Problem {
  return {
    path: header.file,
    code: "data/malformed",
    message: `Row ${row + 1} should have ${header.names.length} fields, as the header. Found ${fields}.`,
    remedy: "Quote fields that hold the delimiter, or give the right `delimiter`.",
  };
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
