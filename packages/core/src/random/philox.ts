// Philox4x32-10: a function from a counter and a key to four words that look random. It has no state,
// so any draw of a run can be computed at any time, on any machine. It knows nothing of streams;
// `draws.ts` names those.

const multiplier0High = 0xd251;
const multiplier0Low = 0x1f53;
const multiplier1High = 0xcd9e;
const multiplier1Low = 0x8d57;
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
/** Weyl increments of the key: the golden ratio and sqrt(3) - 1, as 32-bit fractions. */
const bump0 = 0x9e3779b9;
const bump1 = 0xbb67ae85;
const rounds = 10;

/**
 * Ten rounds of Philox with four 32-bit words (Salmon et al., 2011, "Parallel random numbers: as easy as
 * 1, 2, 3", section 3.3). Allocates nothing.
 *
 * @param counter - `[4]`; left as it is.
 * @param key - `[2]`; left as it is.
 * @param out - `[4]`; receives the words.
 */
export function philox(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = key[0]!;
  let k1 = key[1]!;
  for (let round = 0; round < rounds; round++) {
    const high0 = highProduct(c0, multiplier0High, multiplier0Low);
    const high1 = highProduct(c2, multiplier1High, multiplier1Low);
    const low0 = Math.imul(c0, multiplier0);
    const low1 = Math.imul(c2, multiplier1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + bump0) | 0;
    k1 = (k1 + bump1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Upper 32 bits of the 64-bit product of `a` and `(high << 16) | low`, by 16-bit digits. */
function highProduct(a: number, high: number, low: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const lowest = Math.imul(aLow, low) >>> 0;
  const middle = (Math.imul(aHigh, low) + (lowest >>> 16)) >>> 0;
  const other = (Math.imul(aLow, high) + (middle & 0xffff)) >>> 0;
  return (Math.imul(aHigh, high) + (middle >>> 16) + (other >>> 16)) | 0;
}
