// STUB by the lead: replace. Contract used by report.ts.
import type { RunResult } from "@trunkline/core";

export function resultTable(result: RunResult, folder: string): string {
  return `${JSON.stringify(result, null, 1)}\n${folder}`;
}
