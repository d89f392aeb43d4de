// Processes as the system knows them; Linux only, where `/proc` tells of children.

import { readFileSync } from "node:fs";

/** The workers that a `train` of this process id started. */
export function workersOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  const isWorker = (child: string) =>
    readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0").includes("worker");
  return children.filter(Boolean).filter(isWorker).map(Number);
}

/** A process that ended and was not waited for counts as ended. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
