// Files that are there whole or not at all: written under another name, forced to disk, then renamed. A
// crash leaves the former file, and at worst a `.tmp` beside it.

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "./file-error.ts";

/** Tells apart the temporary files of writes to one path that are under way at once. */
let writes = 0;

/** What a file consists of: text, or pieces of bytes, which are borrowed until the write is done. */
export type FileContent = string | readonly Uint8Array[];

/** Replaces the file at `path` by `content`; the last of several concurrent writes stays. */
export async function writeFileAtomically(path: string, content: FileContent): Promise<void> {
  const temporary = `${path}.${process.pid}-${writes++}.tmp`;
  try {
    await writeDurably(temporary, content);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw fileError(path, "write", cause);
  }
}

/** JSON as people read it, with a newline at the end. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

async function writeDurably(path: string, content: FileContent): Promise<void> {
  const file = await open(path, "wx");
  try {
    const pieces = typeof content === "string" ? [Buffer.from(content)] : content;
    for (const piece of pieces) await writeAll(file, piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A single write may take less than it was given, on network file systems and over 2 GiB. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(bytes.length - at, 1 << 30));
    at += bytesWritten;
  }
}

/** A rename is on disk only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and its renames need none of this.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
