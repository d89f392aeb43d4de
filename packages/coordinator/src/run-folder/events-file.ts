// The run's events as lines of JSON, in the order in which they happened. Lines wait in memory while a
// write is under way and go out together in the next one; an event is never lost without an error.

import { constants, type FileHandle, open } from "node:fs/promises";
import { EnvironmentError, type RunEvent } from "@trunkline/core";
import { fileError } from "./file-error.ts";

export interface EventsFileOptions {
  /**
   * Bytes of lines that may wait for the disk. An event takes some hundred bytes, so that this is minutes
   * of a disk that does not answer.
   * @default 16 MiB
   */
  maxWaitingBytes?: number;
}

/** Made if missing, looked into, and written at its end only. */
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;

/** Bytes looked at a time for the end of the last whole line. */
const tailBytes = 64 * 1024;

/** Owns the open file until `close`. The first failure is thrown by every later call. */
export class EventsFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #maxWaitingBytes: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: EnvironmentError | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    { maxWaitingBytes = 16 * 2 ** 20 }: EventsFileOptions,
  ) {
    this.#path = path;
    this.#file = file;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Opens the file to go on after its last whole line; half a line, as a crash leaves it, is cut off. */
  static async open(path: string, options: EventsFileOptions = {}): Promise<EventsFile> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, flags);
      await file.truncate(await endOfLines(file));
      return new EventsFile(path, file, options);
    } catch (cause) {
      await file?.close();
      throw fileError(path, "write", cause);
    }
  }

  /** Takes the event; it is on its way to the file when this returns. */
  append(event: RunEvent): void {
    if (this.#failure !== undefined) throw this.#failure;
    const line = `${JSON.stringify(event)}\n`;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes > this.#maxWaitingBytes) throw this.#fail(stalled(this.#path));
    this.#writing ??= this.#drain();
  }

  /** Waits until every event so far is on the disk. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    await this.#file.datasync().catch((cause: unknown) => {
      throw this.#fail(fileError(this.#path, "write", cause));
    });
  }

  /** Flushes and closes; closes even where flushing fails. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#writing;
      await this.#file.close();
    }
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && this.#failure === undefined) {
        const lines = this.#waiting.join("");
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#file.appendFile(lines);
      }
    } catch (cause) {
      this.#fail(fileError(this.#path, "write", cause));
    } finally {
      this.#writing = undefined;
    }
  }

  #fail(failure: EnvironmentError): EnvironmentError {
    this.#failure ??= failure;
    return this.#failure;
  }
}

function stalled(path: string): EnvironmentError {
  return new EnvironmentError("environment/file", `The disk of ${path} does not keep up.`, {
    remedy: "Choose a folder on a faster disk with `--out`.",
    details: { path },
  });
}

/** Offset behind the last newline; 0 where there is none. */
async function endOfLines(file: FileHandle): Promise<number> {
  const chunk = new Uint8Array(tailBytes);
  let { size: end } = await file.stat();
  while (end > 0) {
    const begin = Math.max(0, end - tailBytes);
    const { bytesRead } = await file.read(chunk, 0, end - begin, begin);
    const newline = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) return begin + newline + 1;
    end = begin;
  }
  return 0;
}
