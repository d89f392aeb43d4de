// Ctrl-C: the first one asks for a clean end, the second one ends the process at once.

/** 128 + SIGINT, as shells report it. */
export const interruptedStatus = 130;

/**
 * Calls `stop` at the first SIGINT or SIGTERM and `kill` at the second; returns its undo.
 */
export function onInterrupt({ stop, kill }: { stop(): void; kill(): void }): () => void {
  let asked = false;
  const handle = () => {
    if (asked) return kill();
    asked = true;
    stop();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
