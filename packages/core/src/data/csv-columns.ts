// Columns of a CSV file by their names in its header.

import { ExperimentError, type Problem } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { CellRules } from "./csv-cell.ts";

export interface CsvColumn extends CellRules {
  name: string;
  /** Position among the fields of a record. */
  index: number;
}

export interface CsvHeader {
  /** The file's name, for messages. */
  file: string;
  names: readonly string[];
  /** Words of a column, by column. */
  categories: Readonly<Record<string, readonly string[]>>;
}

/** Throws with every name that the header lacks or has twice. */
export function checkColumns(header: CsvHeader, wanted: readonly string[]): void {
  const all = new Set([...wanted, ...Object.keys(header.categories)]);
  const problems = [...all].flatMap((name) => columnProblem(header, name));
  if (problems.length > 0) throw new ExperimentError(problems);
}

/** A column that the header has. */
export function columnOf(header: CsvHeader, name: string, mayMiss: boolean): CsvColumn {
  const index = header.names.indexOf(name);
  const words = header.categories[name];
  if (words === undefined) return { name, index, mayMiss };
  return { name, index, mayMiss, categories: new Map(words.map((word, i) => [word, i])) };
}

function columnProblem({ file, names }: CsvHeader, name: string): Problem[] {
  const count = names.filter((known) => known === name).length;
  if (count === 1) return [];
  const message =
    count === 0
      ? `There is no column \`${name}\`.${didYouMean(name, names)}`
      : `${count} columns are named \`${name}\`.`;
  const remedy =
    count === 0 ? `Name one of the columns: ${shortList(names)}.` : "Give them different names.";
  return [{ path: file, code: "data/malformed", message, remedy }];
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(", ");
  return names.length > 20 ? `${shown} and ${names.length - 20} others` : shown;
}
