// An experiment made ready in this process: loaded, resolved, data and network built on the backend in
// force, and hashed, so that two processes can tell whether they have the same.

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import {
  identityBytes,
  type Overrides,
  type PreparedExperiment,
  prepareExperiment,
  resolveExperiment,
} from "@trunkline/core";
import { DataFiles } from "./load/file-source.ts";
import { loadExperiment } from "./load/load-experiment.ts";
import type { SourceFile } from "./load/source-hash.ts";

export interface ReadyExperiment {
  prepared: PreparedExperiment;
  /** SHA-256 over module sources, resolved settings and a fingerprint of the data. */
  hash: string;
  /** The module and the files that it imports but packages. */
  sources: readonly SourceFile[];
  /** For one who hands `prepared` on and does not dispose all of it. */
  closeFiles(): Promise<void>;
  /** Frees network and files. */
  dispose(): Promise<void>;
}

/** @param checkValues - Scan all data for NaN and labels out of range. */
export async function readyExperiment(
  path: string,
  overrides: Overrides,
  { checkValues }: { checkValues: boolean },
): Promise<ReadyExperiment> {
  const { definition, sources, sourceHash } = await loadExperiment(path);
  const settled = resolveExperiment(definition, overrides);
  const files = new DataFiles(resolve(path, ".."));
  const closeFiles = () => files.close();
  const prepared = await prepareExperiment(settled, { open: files.open, checkValues }).catch(
    async (error: unknown) => {
      await closeFiles();
      throw error;
    },
  );
  const dispose = () => {
    prepared.network.dispose();
    return closeFiles();
  };
  try {
    const hash = createHash("sha256").update(sourceHash);
    for (const part of await identityBytes(prepared)) hash.update(part);
    return { prepared, hash: hash.digest("hex"), sources, closeFiles, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
