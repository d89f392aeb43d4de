// A test that writes to the console, or to the output streams behind it, fails. What child processes
// write is not its concern.

import { format } from "node:util";
import { afterAll, afterEach } from "vitest";

/** tfjs greets every Node process that runs it without its native backend; it cannot be told not to. */
const greeting = /Hi, looks like you are running TensorFlow\.js in Node\.js/;

const written: string[] = [];

function note(...values: unknown[]): void {
  const text = format(...values);
  if (!greeting.test(text)) written.push(text);
}

for (const method of ["debug", "error", "info", "log", "table", "trace", "warn"] as const) {
  globalThis.console[method] = note;
}
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array) => {
    note(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk));
    return true;
  };
}

function failOnOutput(): void {
  const lines = written.splice(0);
  if (lines.length > 0) throw new Error(`A test should be silent. Found:\n${lines.join("\n")}`);
}

afterEach(failOnOutput);
// What was written between the tests, by an import or a leftover callback.
afterAll(failOnOutput);
