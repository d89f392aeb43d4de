// How often tasks were seen to oppose each other in a run, from its events.

import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunEvent } from "@trunkline/core";

/** Mean over the reports of the share of opposed pairs; undefined where nobody saw the gradients. */
export async function conflictRate(runFolder: string): Promise<number | undefined> {
  let sum = 0;
  let count = 0;
  const lines = createInterface({ input: createReadStream(join(runFolder, "events.jsonl")) });
  for await (const line of lines) {
    // Most lines are steps, and need no parsing.
    if (!line.includes('"conflicting"')) continue;
    const event = JSON.parse(line) as RunEvent;
    if (event.type !== "balance" || event.conflicting === undefined) continue;
    sum += event.conflicting;
    count++;
  }
  return count === 0 ? undefined : sum / count;
}
