// Ctrl-C: the first one asks for a clean end, the second one ends the process at once.

/** 128 + SIGINT, as shells report it. */
export const interruptedStatus = 130;

/**
 * One Ctrl-C can come several times: from the terminal's process group, from npm, from a parent that
 * passes it on. They come within milliseconds; a person takes longer.
 */
const sameSignalMs = 500;

/**
 * Calls `stop` at the first SIGINT or SIGTERM and `kill` at the second; returns its undo.
 */
export function onInterrupt({ stop, kill }: { stop(): void; kill(): void }): () => void {
  let askedMs: number | undefined;
  const handle = () => {
    const nowMs = performance.now();
    if (askedMs === undefined) {
      askedMs = nowMs;
      stop();
    } else if (nowMs - askedMs > sameSignalMs) kill();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
