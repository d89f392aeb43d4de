// Columns of a CSV file that are kept together, as a growing row-major array of numbers.

import type { Problem } from "../errors.ts";
import { type CellMistake, parseCell } from "./csv-cell.ts";
import type { CsvColumn } from "./csv-columns.ts";

export interface CsvTable {
  readonly columns: readonly CsvColumn[];
  /** `[capacity, columns]`; has room for more rows than were read. */
  values: Float32Array;
}

/** Told of each cell that is no number that the column may hold. */
export type ReportCell = (column: CsvColumn, mistake: CellMistake) => void;

/** Makes room for `rows` rows in all. */
export function reserve(table: CsvTable, rows: number): void {
  const needed = rows * table.columns.length;
  if (needed <= table.values.length) return;
  const grown = new Float32Array(Math.max(needed, 2 * table.values.length));
  grown.set(table.values);
  table.values = grown;
}

/** Writes the record's cells as row `row`, for which there is room. */
export function readRow(
  table: CsvTable,
  row: number,
  record: readonly string[],
  report: ReportCell,
): void {
  let at = row * table.columns.length;
  for (const column of table.columns) {
    const value = parseCell(record[column.index]!, column);
    if (typeof value === "number") table.values[at++] = value;
    else report(column, value);
  }
}

/** The first `rows` rows; a view. */
export function valuesOf(table: CsvTable, rows: number): Float32Array {
  return table.values.subarray(0, rows * table.columns.length);
}

/** The mistake as a problem of the file; `row` counts from 0. */
export function cellProblem(
  file: string,
  row: number,
  column: CsvColumn,
  mistake: CellMistake,
): Problem {
  const message = `Column \`${column.name}\`, row ${row + 1} ${mistake.message}`;
  return { ...mistake, path: file, message };
}
