// What a run leaves behind, and the commands that read it. One run serves all: it stops early and goes back
// to its best weights, so that the final, the best and the last ones can be told apart.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { modelFiles } from "@trunkline/coordinator";
import type { RunResult, TaskScore } from "@trunkline/core";
import { beforeAll, describe, expect, test } from "vitest";
import { circles, pointsOf } from "./fixtures/circles/points.ts";
import { copyFixture } from "./support/own-copy.ts";
import { type Exit, lastJson, runCli } from "./support/run-cli.ts";
import { eventsIn, eventsOf, resultIn } from "./support/run-files.ts";
import { temporaryFolder } from "./support/temporary.ts";

const folder = temporaryFolder();
const run = folder("run");
/** A test edits it. */
const own = copyFixture("circles", folder("own"));
const tasks = ["disc", "diamond", "signs"];
let exit: Exit;
let result: RunResult;

beforeAll(async () => {
  const set = ["rate=0.3", "earlyStopping.patience=2"].flatMap((each) => ["--set", each]);
  exit = await runCli(
    "train",
    join(own, "experiment.ts"),
    ...["--epochs", "30", ...set, "--backend", "wasm", "--out", run, "--json"],
  );
  result = lastJson<RunResult>(exit);
});

interface Evaluation {
  run: string;
  checkpoint: string;
  split: string;
  tasks: Record<string, TaskScore>;
}

async function evaluate(...args: string[]): Promise<Evaluation> {
  return lastJson<Evaluation>(await runCli("evaluate", run, ...args, "--json"));
}

describe("a run folder", () => {
  test("holds what the contract names, and nothing half-written", () => {
    expect(exit.status).toBe(0);
    expect(readdirSync(run).sort()).toEqual([
      ...["checkpoints", "events.jsonl", "experiment.json", "log.jsonl"],
      ...["model", "result.json", "weights.safetensors", "workers"],
    ]);
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["best.safetensors", "last.safetensors"]);
    const everything = readdirSync(run, { recursive: true, encoding: "utf8" });
    expect(everything.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("holds the result that `--json` printed, with every field of the contract", () => {
    expect(resultIn(run)).toEqual(result);
    const task = { loss: expect.any(Number), metrics: { accuracy: expect.any(Number) } };
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    const perTask = (value: unknown) => Object.fromEntries(tasks.map((name) => [name, value]));
    const steps = (result.epochs / 2) * 4;
    expect(result).toMatchObject({
      run: "run",
      experiment: "circles",
      seed: 4,
      backend: expect.stringContaining("wasm"),
      workers: 2,
      schedule: "ate-sg",
      method: "ew",
      layout: "tasks",
      shards: 3,
      epochs: expect.any(Number),
      seconds: expect.any(Number),
      bits: "equal",
      status: "finished",
      split: "test",
      tasks: perTask(task),
      updates: { trunk: steps, heads: perTask(steps) },
      hashes: { trunk: hash, heads: perTask(hash), optimizer: hash },
    });
    expect(result.phases.map(({ kind }) => kind)).toEqual(
      result.phases.map((_, i) => (i % 2 === 0 ? "shared" : "head")),
    );
    for (const phase of result.phases) {
      expect(phase).toMatchObject({ epochs: 1, seconds: expect.any(Number), waits: {} });
      expect(phase.peakBytes).toBeGreaterThan(0);
      const { sent, received, byKind } = phase.bytes;
      expect(Object.keys(byKind).sort()).toEqual([
        ...["control", "gradients", "heads", "heartbeat", "optimizer", "trunk"],
      ]);
      expect(Object.values(byKind).reduce((sum, each) => sum + each, 0)).toBe(sent + received);
    }
  });

  test("holds every event in order, the hashes of each edge among them", () => {
    const events = eventsIn(run);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i));
    const edges = eventsOf(run, "edge");
    expect(edges).toHaveLength(result.phases.length);
    // The run went back to the edge of its best epoch.
    const { bestEpoch } = eventsOf(run, "earlyStopped")[0]!;
    expect(bestEpoch).toBeLessThan(result.epochs);
    expect(edges.find(({ epoch }) => epoch === bestEpoch)!.hashes).toEqual(result.hashes);
    expect(edges.at(-1)!.hashes).not.toEqual(result.hashes);
  });

  test("holds weights that any reader of safetensors can read, with the hash of the result", () => {
    const file = readFileSync(join(run, "weights.safetensors"));
    const headerBytes = Number(file.readBigUInt64LE());
    const header = JSON.parse(file.subarray(8, 8 + headerBytes).toString());
    const data = file.subarray(8 + headerBytes);
    const trunk = createHash("sha256");
    for (const [name, { dtype, shape, data_offsets }] of Object.entries<{
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    }>(header)) {
      if (name === "__metadata__") continue;
      expect(dtype).toBe("F32");
      const size = shape.reduce((product, axis) => product * axis, 1);
      expect(data_offsets[1] - data_offsets[0]).toBe(4 * size);
      if (name.startsWith("trunk/")) trunk.update(data.subarray(...data_offsets));
    }
    expect(trunk.digest("hex")).toBe(result.hashes.trunk);
  });

  test("holds a model that plain tfjs loads, with the scores of the result on raw inputs", async () => {
    const size = 40;
    const { labels } = await circles(size, "test", tasks).batch(
      Array.from({ length: size }, (_, i) => i),
      undefined as never,
    );
    const model = await tf.loadLayersModel(modelFiles(join(run, "model")));
    const inputs = tf.tensor2d(pointsOf(size, "test"), [size, 2]);
    const outputs = (model.predict(inputs) as tf.Tensor[]).map((output) => output.dataSync());
    const right = tasks.map((task, k) => {
      const said = (i: number) =>
        k === 0 ? outputs[k]![2 * i + 1]! > outputs[k]![2 * i]! : outputs[k]![i]! > 0;
      return labels[task]!.filter((label, i) => said(i) === (label === 1)).length / size;
    });
    expect(right).toEqual(tasks.map((task) => result.tasks[task]!.metrics.accuracy));
    inputs.dispose();
    model.dispose();
  });
});

describe("evaluate", () => {
  test("gives the figures of the result where nothing else is asked for", async () => {
    const { tasks: scores, ...rest } = await evaluate();
    expect(rest).toEqual({ run: "run", checkpoint: "final", split: "test" });
    expect(scores).toEqual(result.tasks);
  });

  test("gives those of the best and of the last checkpoint, as the run saw them", async () => {
    const seen = eventsOf(run, "evaluated").filter(({ split }) => split === "validation");
    const [best, last] = await Promise.all(
      ["best", "last"].map((name) => evaluate("--checkpoint", name, "--split", "validation")),
    );
    expect(best!.tasks).toEqual(seen.findLast((event) => event.best)!.tasks);
    expect(last!.tasks).toEqual(seen.at(-1)!.tasks);
    expect(last!.tasks).not.toEqual(best!.tasks);
  });

  test("refuses an experiment that changed since, names the file, and can be told to go on", async () => {
    const file = join(own, "points.ts");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, `${before}\n// Another file.\n`);
    try {
      const refused = await runCli("evaluate", run);
      expect(refused).toMatchObject({ status: 1, stdout: "" });
      expect(refused.stderr).toMatch(/^error experiment\/changed: .*points\.ts changed since/);
      expect(refused.stderr).toMatch(/remedy: Restore it.*--allow-changed/);
      const told = await runCli("evaluate", run, "--allow-changed");
      expect(told.stderr).toMatch(/^warning: .*points\.ts changed since/);
      expect(told.stdout).toMatch(/^run, final weights\n\ntask \(test\) +loss +accuracy\ndisc /);
    } finally {
      writeFileSync(file, before);
    }
  });

  test("refuses a folder that is no run", async () => {
    const found = await runCli("evaluate", dirname(run));
    expect(found).toMatchObject({ status: 1, stdout: "" });
    expect(found.stderr).toMatch(/^error cli\/no-run: .*\n {2}remedy: Name a folder/);
  });
});

interface Answer {
  row: number;
  output: number[];
  class?: number;
  probability?: number;
}

async function predict(task: string, input: string, ...args: string[]): Promise<Answer[]> {
  const { stdout, stderr } = await runCli(
    "predict",
    run,
    "--task",
    task,
    "--input",
    input,
    ...args,
  );
  if (stdout === "") throw new Error(stderr);
  const lines = stdout.trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Answer);
}

describe("predict", () => {
  const rows = 300;
  const points = pointsOf(rows, "to predict");
  const npy = folder("points.npy");
  const csv = folder("points.csv");

  beforeAll(() => {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, 2), }\n`;
    const start = Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1");
    start.writeUInt16LE(header.length, 8);
    writeFileSync(npy, Buffer.concat([start, Buffer.from(header), Buffer.from(points.buffer)]));
    const lines = Array.from({ length: rows }, (_, i) => `${points[2 * i + 1]},${points[2 * i]}`);
    writeFileSync(csv, `y,x\n${lines.join("\n")}\n`);
  });

  test("answers for every row as the network does, of any checkpoint, from npy and csv", async () => {
    const [exported, rebuilt] = await Promise.all([
      predict("disc", npy, "--backend", "cpu"),
      predict("disc", csv, "--backend", "cpu", "--columns", "x,y", "--checkpoint", "best"),
    ]);
    expect(exported).toHaveLength(rows);
    // The final weights are the best ones.
    expect(rebuilt).toEqual(exported);
    const model = await tf.loadLayersModel(modelFiles(join(run, "model")));
    const inputs = tf.tensor2d(points, [rows, 2]);
    const [logits] = model.predict(inputs) as tf.Tensor[];
    const probabilities = tf.softmax(logits!).arraySync() as number[][];
    for (const [i, answer] of exported.entries()) {
      const [no, yes] = probabilities[i] as [number, number];
      expect(answer.row).toBe(i);
      expect(answer.output).toHaveLength(2);
      expect(answer.class).toBe(yes > no ? 1 : 0);
      expect(answer.probability).toBeCloseTo(Math.max(no, yes), 5);
    }
    inputs.dispose();
    model.dispose();
  });

  test("gives a probability where the head has a sigmoid, and writes to a file", async () => {
    const output = folder("answers.jsonl");
    const args = ["--task", "signs", "--input", npy, "--output", output];
    expect(await runCli("predict", run, ...args)).toMatchObject({ status: 0, stdout: "" });
    const [first] = readFileSync(output, "utf8").split("\n");
    const answer = JSON.parse(first!) as Answer;
    expect(answer.class).toBeUndefined();
    expect(answer.probability).toBeCloseTo(1 / (1 + Math.exp(-answer.output[0]!)), 9);
  });

  test("names the tasks, both shapes, and the formats, where they do not fit", async () => {
    const wrong = await Promise.all(
      [
        ["disk", npy],
        ["disc", csv, "--columns", "x"],
        ["disc", join(run, "result.json")],
      ].map(([task, input, ...more]) =>
        runCli("predict", run, "--task", task!, "--input", input!, ...more),
      ),
    );
    expect(wrong.map(({ status, stdout }) => [status, stdout])).toEqual(wrong.map(() => [1, ""]));
    expect(wrong[0]!.stderr).toMatch(
      /no task `disk`. Did you mean `disc`\?\n.*disc, diamond, signs/,
    );
    expect(wrong[1]!.stderr).toMatch(/experiment\/shape.*rows of shape \[2\].*rows of shape \[1\]/);
    expect(wrong[2]!.stderr).toMatch(/cli\/invalid-option.*`--input`.*\n.*\.npy, \.csv/);
  });
});

describe("export", () => {
  test("writes one task's model of a checkpoint, says how to load it, and overwrites nothing", async () => {
    const out = folder("exported");
    const args = ["export", run, "--task", "signs", "--checkpoint", "last", "--out", out];
    const { status, stdout } = await runCli(...args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/exported\/model\.json: last weights, output signs\n/);
    expect(stdout).toContain("tf.loadLayersModel(");
    const model = await tf.loadLayersModel(modelFiles(out));
    expect(model.outputs.map(({ shape }) => shape)).toEqual([[null, 1]]);
    model.dispose();
    const again = await runCli(...args);
    expect(again.status).toBe(1);
    expect(again.stderr).toMatch(/^error environment\/file: .*new or empty.*\n {2}remedy:.*--out/);
  });
});

describe("doctor", () => {
  test("tells of every backend whether it works, and of what fails what to do", async () => {
    const { status, stdout } = await runCli("doctor", "--json");
    expect(status).toBe(0);
    const { backends, machine } = JSON.parse(stdout) as {
      backends: { name: string; works: boolean; remedy?: string }[];
      machine: { name: string; ok: boolean; found: string }[];
    };
    expect(backends.map(({ name }) => name)).toEqual(["tensorflow", "webgpu", "wasm", "cpu"]);
    for (const { works, remedy } of backends) expect(works || remedy !== undefined).toBe(true);
    expect(backends.find(({ name }) => name === "wasm")!.works).toBe(true);
    expect(machine.map(({ name, ok }) => [name, ok])).toEqual(
      [...["Node", "processor", "memory", "working folder", "temporary folder", "loopback"]].map(
        (name) => [name, true],
      ),
    );
  });
});
