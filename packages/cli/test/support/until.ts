// Waiting for what other processes do and do not tell.

/** Settles once `holds`; looks again and again, so that no test depends on how long a thing takes. */
export async function until(what: string, holds: () => boolean, deadlineMs = 100_000) {
  const end = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
