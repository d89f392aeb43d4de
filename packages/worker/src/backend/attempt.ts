// What the loading of a backend reports. Each backend has a file with a `load...` function that returns
// one of these and never throws for a backend that is merely missing.

export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";

export type BackendLoad =
  | { works: true; version: string; why: string }
  | { works: false; why: string; remedy: string };

/** The first line of whatever was thrown: native libraries add pages to it. */
export function firstLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split("\n", 1)[0]?.trim() ?? "";
}
