// Streams of random numbers, named by what they are for. A stream is a pure function of its name, so
// that whoever draws it, whenever, on whichever machine, draws the same numbers.

import { philox } from "./philox.ts";
import type { Random } from "./random.ts";

/** Name of a stream. A purpose uses the same fields each time; a field left out counts as 0. */
export interface DrawKey {
  /** The run's seed: an integer of at most 53 bits. */
  seed: number;
  /** What the numbers are for, as `batches` or `dropout/trunk`. */
  purpose: string;
  /** @default none: shared by all tasks */
  task?: string;
  /** Below 2^32. @default 0 */
  epoch?: number;
  /** Below 2^32. @default 0 */
  step?: number;
}

/** Blocks of four words in one stream: the counter's first word. */
const blocksPerStream = 2 ** 32;
const twoTo32 = 2 ** 32;

/**
 * The stream of a name: Philox4x32-10 under a key of (seed, hash of purpose and task), at the counters
 * (block, another hash of purpose and task, epoch, step). Streams of one seed never overlap unless
 * both 32-bit hashes of two names agree.
 *
 * `normal` is Box and Muller's (1958) transform; its logarithm, sine and cosine are the JavaScript
 * engine's, so normals are equal between machines of one engine version.
 */
export function drawsFor(key: DrawKey): Random {
  const name = key.task === undefined ? key.purpose : `${key.purpose}\u0000${key.task}`;
  const seedHigh = Math.floor(key.seed / twoTo32);
  const philoxKey = Uint32Array.of(key.seed, seedHigh ^ hash(name, 0x811c9dc5));
  const counter = Uint32Array.of(0, hash(name, 0x01000193), key.epoch ?? 0, key.step ?? 0);
  return stream(philoxKey, counter);
}

/** Takes ownership of `counter`, whose first word counts blocks. */
function stream(key: Uint32Array, counter: Uint32Array): Random {
  const words = new Uint32Array(4);
  let used = 4;
  let blocks = 0;
  let spare = Number.NaN;

  function uint32(): number {
    if (used === 4) {
      if (blocks === blocksPerStream) throw new RangeError("a random stream is used up");
      counter[0] = blocks++;
      philox(counter, key, words);
      used = 0;
    }
    return words[used++]!;
  }

  function uniform(): number {
    return uint32() / twoTo32;
  }

  function normal(): number {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    // 1 - u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  function integer(bound: number): number {
    if (bound === twoTo32) return uint32();
    // Words beyond the last whole multiple of `bound` would favour small remainders.
    let word = uint32();
    let remainder = word % (bound >>> 0);
    while (word - remainder > twoTo32 - bound) {
      word = uint32();
      remainder = word % (bound >>> 0);
    }
    return remainder;
  }

  return { uint32, uniform, normal, integer };
}

/** FNV-1a over the UTF-16 units of `text` from `basis`, then MurmurHash3's 32-bit finaliser. */
function hash(text: string, basis: number): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h = Math.imul(h ^ (unit & 0xff), 0x01000193);
    h = Math.imul(h ^ (unit >>> 8), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
