import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "@trunkline/worker";
import { beforeAll, describe, expect, test } from "vitest";
import { filesOf, prepared, trainCluster } from "../../test/support/cluster.ts";
import experiment from "./experiment.ts";
import { csvFiles } from "./make-data.ts";

const folder = join(import.meta.dirname, "data");
const open = filesOf(import.meta.dirname);

test("the files are what the script writes", () => {
  const files = readdirSync(folder).sort();
  expect(files).toEqual(Object.keys(csvFiles()).sort());
  for (const [name, text] of Object.entries(csvFiles())) {
    expect(readFileSync(join(folder, name), "utf8") === text, name).toBe(true);
  }
});

describe("data", () => {
  test("each task has its own rows, a tenth of them for validation", async () => {
    const { ready } = await prepared(experiment, {}, open);
    const sizes = ready.tasks.map((task) => {
      const { train, validation, test: tests } = ready.sourceOf(task).splits;
      return [train.size, validation.size, tests?.size];
    });
    expect(sizes).toEqual([
      [1080, 120, 300],
      [450, 50, 300],
      [270, 30, 300],
    ]);
    expect(ready.samplesPerEpoch).toBe(1080);
    ready.network.dispose();
  });

  test("inputs are standardised by what train says, words are classes, gaps are missing", async () => {
    const { ready } = await prepared(experiment, {}, open);
    const { train } = ready.sourceOf("state").splits;
    const all = [...Array(train.size).keys()];
    const { inputs, labels } = await train.batch(all, {
      epoch: 0,
      training: false,
      draw: undefined as never,
    });
    for (let column = 0; column < 5; column++) {
      const values = all.map((n) => inputs[5 * n + column]!);
      const mean = values.reduce((sum, value) => sum + value) / train.size;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(mean).toBeCloseTo(0, 5);
      expect(squares / train.size).toBeCloseTo(1, 4);
    }
    const states = labels.state!;
    expect(states.some(Number.isNaN)).toBe(true);
    const known = new Set(states.filter((state) => !Number.isNaN(state)));
    expect(known).toEqual(new Set([0, 1, 2]));
    ready.network.dispose();
  });
});

describe("training", () => {
  beforeAll(async () => {
    await chooseBackend("wasm");
  });

  test("ten epochs teach all three tasks something", async () => {
    const { result } = await trainCluster(experiment, { set: { epochs: "10" }, open });
    expect(result.status).toBe("finished");
    expect(result.tasks.life?.metrics.explainedVariance).toBeGreaterThan(0.5);
    expect(result.tasks.failure?.metrics.auc).toBeGreaterThan(0.9);
    expect(result.tasks.state?.metrics.accuracy).toBeGreaterThan(0.6);
  });
});
