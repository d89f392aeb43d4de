// Errors as people read them: code, sentence, remedy.

import { TrunklineError } from "@trunkline/core";

export interface ShownError {
  code: string;
  message: string;
  remedy: string;
}

export function printError(error: ShownError): void {
  const remedy = error.remedy.split("\n").map((line) => `  remedy: ${line}`);
  process.stderr.write(`error ${error.code}: ${error.message}\n${remedy.join("\n")}\n`);
}

/** Prints what was thrown; a stack only where the fault is ours. */
export function printThrown(error: unknown): void {
  if (error instanceof TrunklineError) return printError(error);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\nThis is a fault of Trunkline, not of your experiment.\n`);
}
