// Data files of an experiment, read by ranges through node:fs. A file is opened when it is first read
// and stays open until its owner closes it; what its bytes mean is the readers' business.

import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { type ByteSource, ExperimentError } from "@trunkline/core";

/** Opens the data files of one experiment; each once, however many readers ask for it. */
export class DataFiles {
  readonly #folder: string;
  readonly #files = new Map<string, FileSource>();

  /** @param folder - What relative paths are relative to: the experiment's own folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  readonly open = (path: string): ByteSource => {
    const name = resolve(this.#folder, path);
    const file = this.#files.get(name) ?? new FileSource(name);
    this.#files.set(name, file);
    return file;
  };

  /** Closes all; sources of these files cannot be read afterwards. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close()));
  }
}

class FileSource implements ByteSource {
  readonly name: string;
  #handle: Promise<FileHandle> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async size(): Promise<number> {
    const stats = await (await this.#open()).stat();
    if (!stats.isFile()) throw unreadable(this.name, "It is no file.");
    return stats.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const handle = await this.#open();
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle
        .read(bytes, filled, length - filled, offset + filled)
        .catch((cause: unknown) => {
          throw unreadable(this.name, reason(cause), cause);
        });
      if (bytesRead === 0) throw unreadable(this.name, "It became shorter while it was read.");
      filled += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    const handle = await this.#handle?.catch(() => undefined);
    await handle?.close();
  }

  #open(): Promise<FileHandle> {
    this.#handle ??= open(this.name).catch((cause: unknown) => {
      throw unreadable(this.name, reason(cause), cause);
    });
    return this.#handle;
  }
}

function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return "There is no such file.";
  if (code === "EACCES" || code === "EPERM") return "This user may not read it.";
  if (code === "EISDIR") return "It is no file.";
  return `Reading it failed: ${code ?? String(cause)}.`;
}

function unreadable(name: string, message: string, cause?: unknown): ExperimentError {
  const error = new ExperimentError([
    {
      path: name,
      code: "data/not-found",
      message,
      remedy:
        "Check the path and the file's rights; an experiment's paths are relative to its own folder.",
    },
  ]);
  return cause === undefined ? error : Object.assign(error, { cause });
}
