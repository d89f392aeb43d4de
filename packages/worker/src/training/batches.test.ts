import { arrayDataset, type BatchContext, type Dataset } from "@trunkline/core";
import { expect, test } from "vitest";
import { type ReadContext, readBatch } from "./batches.ts";

const base: ReadContext = {
  seed: 1,
  source: "left",
  epoch: 2,
  step: 3,
  stream: "",
  training: true,
};

/** What a dataset is told by a read. */
async function toldBy(context: ReadContext): Promise<BatchContext> {
  let told: BatchContext | undefined;
  const plain = arrayDataset({ inputs: [[0]], labels: {} });
  const asked: Dataset = {
    ...plain,
    batch(indices, given) {
      told = given;
      return plain.batch(indices, given);
    },
  };
  await readBatch(asked, [0], context);
  return told!;
}

test("a dataset is told the epoch and whether its batch trains", async () => {
  expect(await toldBy(base)).toMatchObject({ epoch: 2, training: true });
  expect(await toldBy({ ...base, training: false })).toMatchObject({ training: false });
});

test("augmentation draws by seed, source, stream, epoch and step, and repeats", async () => {
  const contexts = [
    base,
    { ...base, seed: 2 },
    { ...base, source: "right" },
    { ...base, stream: "heads" },
    { ...base, epoch: 1 },
    { ...base, step: 1 },
  ];
  const drawn = async (context: ReadContext) => (await toldBy(context)).draw.uniform();
  const numbers = await Promise.all(contexts.map(drawn));
  expect(new Set(numbers).size).toBe(contexts.length);
  expect(await drawn(base)).toBe(numbers[0]);
});
