// Writes the CSV files of this example: three machines of one kind, each with its own log and its own
// question. Made once and committed; `experiment.test.ts` holds the files against this script.
//
//   node --conditions=@trunkline/source --import tsx examples/own-inputs/make-data.ts
//
// Only + - * / are used on drawn numbers, so that every machine writes the same digits.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawsFor, type Random } from "@trunkline/core";

/** What every machine measures, the columns of the trunk's input. */
export const sensors = ["speed", "feed", "temperature", "vibration", "current"] as const;

type Reading = Record<(typeof sensors)[number], number>;

/** What is hidden from the logs and what all questions depend on. */
interface Condition {
  /** How hard the machine works, about 0 to 1. */
  load: number;
  /** How far its bearing is gone, about 0 to 1. */
  damage: number;
}

interface Log {
  /** Rows of the train and of the test file. */
  rows: { train: number; test: number };
  /** The label's column. */
  column: string;
  label(condition: Condition, draw: Random): string;
}

export const logs: Readonly<Record<string, Log>> = {
  life: {
    rows: { train: 1200, test: 300 },
    column: "hours_left",
    label: ({ load, damage }, draw) =>
      (13 - 6 * damage - 5 * load * load + 0.3 * noise(draw)).toFixed(2),
  },
  failure: {
    rows: { train: 500, test: 300 },
    column: "failed",
    label: ({ load, damage }, draw) => String(Number(load * damage + 0.03 * noise(draw) > 0.55)),
  },
  state: {
    rows: { train: 300, test: 300 },
    column: "state",
    label: ({ load, damage }, draw) => {
      if (draw.uniform() < 0.15) return ""; // nobody wrote it down
      if (load + 0.04 * noise(draw) < 0.3) return "idle";
      return load + damage + 0.06 * noise(draw) > 1.35 ? "strained" : "normal";
    },
  },
};

/** Text of every file, by its name in `data/`. */
export function csvFiles(): Record<string, string> {
  const splits = ["train", "test"] as const;
  const files = Object.entries(logs).flatMap(([name, log]) =>
    splits.map((split) => [`${name}-${split}.csv`, csvText(log, `${name}/${split}`, split)]),
  );
  return Object.fromEntries(files);
}

function csvText({ rows, column, label }: Log, purpose: string, split: keyof Log["rows"]): string {
  const draw = drawsFor({ seed: 0, purpose });
  const lines = Array.from({ length: rows[split] }, () => {
    const condition = { load: draw.uniform(), damage: draw.uniform() };
    const reading = measure(condition, draw);
    const cells = sensors.map((sensor) => reading[sensor].toFixed(2));
    return [...cells, label(condition, draw)].join(",");
  });
  return `${[...sensors, column].join(",")}\n${lines.join("\n")}\n`;
}

/** What the sensors say, each on a scale of its own. */
function measure({ load, damage }: Condition, draw: Random): Reading {
  const speed = 1500 + 900 * draw.uniform();
  const fast = (speed - 1500) / 900;
  return {
    speed,
    feed: 0.1 + 0.4 * load + 0.2 * (1 - fast) + 0.02 * noise(draw),
    temperature: 30 + 35 * load + 25 * damage * fast + noise(draw),
    vibration: 0.5 + 2 * damage * (0.5 + fast) + 0.08 * noise(draw),
    current: 3 + 8 * load + 2 * load * damage + 0.2 * noise(draw),
  };
}

/** Mean 0, variance 1, near to normal: a sum of twelve uniform numbers. */
function noise(draw: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += draw.uniform();
  return sum;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), "data");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(csvFiles())) writeFileSync(join(folder, name), text);
}
