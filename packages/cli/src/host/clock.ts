import type { Clock } from "@trunkline/coordinator";

/** The machine's own time; it never jumps, as the date may when it is corrected. */
export const wallClock: Clock = {
  nowMs: () => Math.round(performance.timeOrigin + performance.now()),
  every(periodMs, tick) {
    const timer = setInterval(tick, periodMs);
    return () => clearInterval(timer);
  },
};
