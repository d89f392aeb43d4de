// Numbers as people read them.

/** `0.4 s`, `45 s`, `3 min 20 s`, `2 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** With three digits that count and powers of 1000: `999 B`, `12.3 MB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(value < 9.995 ? 2 : 1)} ${units[unit]}`;
}

/** A loss or metric: four decimals, or as many digits where it is very small or large. */
export function score(value: number): string {
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 0.001 && size < 10_000);
  return plain || !Number.isFinite(value) ? value.toFixed(4) : value.toExponential(3);
}

/** Thousands apart: `14,200`. */
export function whole(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

export function plural(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
