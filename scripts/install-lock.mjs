// One installation at a time: a coordinator and its workers may all be started first in a fresh clone.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InstallError, root } from "./run.mjs";

const lock = join(root, ".tools", "installing");

/** Longest wait for an installation that another process has begun; a cold one takes about a minute. */
const patienceMs = 10 * 60_000;

/** Lets one process install while others, started in the same moment, wait for it. */
export async function withLock(action) {
  const deadlineMs = Date.now() + patienceMs;
  mkdirSync(join(root, ".tools"), { recursive: true });
  while (!takeLock()) {
    if (Date.now() > deadlineMs) {
      throw new InstallError(`Another installation holds ${lock}.`, "End it or delete that file.");
    }
    await sleep(200);
  }
  try {
    await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!holderLives()) rmSync(lock, { force: true });
  return false;
}

/** A holder that was killed leaves its file behind; its process id tells. */
function holderLives() {
  try {
    // An empty file belongs to a process between creating and writing it.
    const pid = Number(readFileSync(lock, "utf8") || process.pid);
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Only "no such process" means dead: the file may be gone, or the process another user's.
    return error.code !== "ESRCH";
  }
}
