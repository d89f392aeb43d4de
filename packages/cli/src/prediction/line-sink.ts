// Where lines of output go: standard output, or a file that is there as a whole or not at all.

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { fileError } from "../file-error.ts";

export interface LineSink {
  /** Settles when there is room for more; false once nobody reads any more. */
  write(lines: readonly string[]): Promise<boolean>;
  /** All lines are written. */
  done(): Promise<void>;
  /** They never will be. */
  abandon(): Promise<void>;
}

export async function openSink(path: string | undefined): Promise<LineSink> {
  return path === undefined ? standardOutput() : fileSink(path);
}

/** A reader that has enough, as `head` does, is no error. */
function standardOutput(): LineSink {
  let open = true;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    open = false;
  });
  return {
    write: (lines) =>
      new Promise((resolve) => {
        process.stdout.write(lines.join(""), () => resolve(open));
      }),
    async done() {},
    async abandon() {},
  };
}

async function fileSink(path: string): Promise<LineSink> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await attempt(path, () => open(temporary, "wx"));
  return {
    async write(lines) {
      await attempt(path, () => file.appendFile(lines.join("")));
      return true;
    },
    async done() {
      await attempt(path, () => finish(file, temporary, path));
    },
    async abandon() {
      await file.close();
      await rm(temporary, { force: true });
    },
  };
}

async function finish(file: FileHandle, temporary: string, path: string): Promise<void> {
  await file.sync();
  await file.close();
  await rename(temporary, path);
}

async function attempt<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw fileError(path, cause, "Choose another file with `--output`.");
  }
}
