import type { Clock } from "@trunkline/coordinator";

/** The machine's own time. */
export const wallClock: Clock = {
  nowMs: () => Date.now(),
  every(periodMs, tick) {
    const timer = setInterval(tick, periodMs);
    return () => clearInterval(timer);
  },
};
