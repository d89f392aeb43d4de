// The identity of an experiment's code: names and contents of its files, wherever they lie.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

export interface SourceFile {
  /** Slash-separated, relative to the experiment's folder. */
  path: string;
  /** SHA-256 of the content, hexadecimal. */
  hash: string;
}

export interface HashedSources {
  sources: readonly SourceFile[];
  /** SHA-256 over the lines `HASH PATH`, in order of the paths' code units. */
  sourceHash: string;
}

/** @param paths - Slash-separated, relative to `folder`; any order. */
export async function hashSources(
  folder: string,
  paths: readonly string[],
): Promise<HashedSources> {
  const sources = await Promise.all(
    [...paths].sort().map(async (path) => {
      const content = await readFile(resolve(folder, path));
      return { path, hash: createHash("sha256").update(content).digest("hex") };
    }),
  );
  const all = createHash("sha256");
  for (const { hash, path } of sources) all.update(`${hash} ${path}\n`);
  return { sources, sourceHash: all.digest("hex") };
}
