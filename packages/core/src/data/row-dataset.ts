// A dataset over files of rows: larger than memory, read batch by batch. What a file looks like inside is
// its reader's business.

import { ExperimentError, expected, type Problem } from "../errors.ts";
import type { Batch, Dataset } from "./dataset.ts";
import { scaleInPlace } from "./gather.ts";
import type { RowFile } from "./row-file.ts";

type RowFiles = Readonly<Record<string, RowFile>>;

export interface RowDatasetOptions {
  inputs: RowFile;
  /** By task. */
  labels: RowFiles;
  /** By task; one number per row. @default 1 everywhere */
  sampleWeights?: RowFiles;
  /** What inputs are multiplied by as they are batched. @default 1 */
  scale?: number;
}

/**
 * A dataset whose batches are read from files as they are asked for (`idxFile`, `npyFile`, your own).
 * A batch of random rows costs about one read per row (10 to 20 ms for 256, measured): where the data
 * fits into memory, `arrayDataset` over `idxArray` or `npyArray` is faster.
 *
 * @throws ExperimentError if the files differ in their number of rows.
 */
export function rowDataset(options: RowDatasetOptions): Dataset {
  const { inputs, labels, sampleWeights, scale = 1 } = options;
  const problems = [
    ...unequalCounts("labels", labels, inputs.count),
    ...unequalCounts("sampleWeights", sampleWeights ?? {}, inputs.count),
  ];
  if (problems.length > 0) throw new ExperimentError(problems);
  const shapes = Object.entries(labels).map(([task, file]) => [task, file.rowShape] as const);
  return {
    size: inputs.count,
    inputShape: inputs.rowShape,
    labelShapes: Object.fromEntries(shapes),
    async batch(indices): Promise<Batch> {
      const [inputRows, labelRows, weightRows] = await Promise.all([
        inputs.rows(indices),
        rowsByTask(labels, indices),
        rowsByTask(sampleWeights ?? {}, indices),
      ]);
      scaleInPlace(inputRows, scale);
      const batch = { inputs: inputRows, labels: labelRows };
      return sampleWeights === undefined ? batch : { ...batch, sampleWeights: weightRows };
    },
  };
}

async function rowsByTask(files: RowFiles, indices: ArrayLike<number>) {
  const tasks = Object.entries(files);
  const rows = await Promise.all(tasks.map(([, file]) => file.rows(indices)));
  return Object.fromEntries(tasks.map(([task], i) => [task, rows[i]!]));
}

function unequalCounts(path: string, files: RowFiles, count: number): Problem[] {
  const unequal = Object.entries(files).filter(([, file]) => file.count !== count);
  return unequal.map(([task, file]) => ({
    path: `${path}.${task}`,
    code: "experiment/shape",
    message: expected(`${path}.${task}`, `a file of ${count} rows, as \`inputs\``, file.count),
    remedy: "Give files with one row per sample, in the same order.",
  }));
}
