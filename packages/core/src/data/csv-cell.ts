// The number that a cell of a CSV file stands for, or what is wrong with it.

import { type Problem, show } from "../errors.ts";
import { didYouMean } from "../nearest.ts";

export interface CellRules {
  /** Numbers of the words that stand for them; no other words are then allowed. */
  categories?: ReadonlyMap<string, number>;
  /** Whether an empty cell, `NaN` or `NA` is a missing label. */
  mayMiss: boolean;
}

/** A mistake; the message completes *Column `x`, row 17* … */
export type CellMistake = Pick<Problem, "code" | "message" | "remedy">;

const missing = /^(nan|na)?$/i;
const notFinite = /^[+-]?(nan|inf(inity)?)$/i;

/** The cell's number, rounded to float32; NaN is a missing label. */
export function parseCell(cell: string, rules: CellRules): number | CellMistake {
  const text = cell.trim();
  const category = rules.categories?.get(text);
  if (category !== undefined) return category;
  if (rules.mayMiss && missing.test(text)) return Number.NaN;
  if (text === "") return emptyCell;
  if (rules.categories !== undefined) return unknownCategory(text, [...rules.categories.keys()]);
  const value = Math.fround(Number(text));
  return Number.isFinite(value) ? value : noNumber(text);
}

const emptyCell: CellMistake = {
  code: "data/malformed",
  message: "is empty.",
  remedy: "Fill the cell or leave out the row; `missingLabels: true` allows it in labels.",
};

function unknownCategory(text: string, known: readonly string[]): CellMistake {
  return {
    code: "data/malformed",
    message: `should be one of ${known.join(", ")}. Found ${show(text)}.${didYouMean(text, known)}`,
    remedy: "Correct the cell, or list the word in `categories`.",
  };
}

function noNumber(text: string): CellMistake {
  // A finite number of `Number` that is none here is too large for float32.
  if (notFinite.test(text) || !Number.isNaN(Number(text))) {
    return {
      code: "data/not-finite",
      message: `should be a finite float32 number. Found ${text}.`,
      remedy: "Replace the value or leave out the row.",
    };
  }
  return {
    code: "data/malformed",
    message: `should be a number. Found ${show(text)}.`,
    remedy: "Correct the cell, or map the column's words to numbers with `categories`.",
  };
}
