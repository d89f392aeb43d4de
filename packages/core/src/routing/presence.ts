// Which components of a routed trunk are there, as it travels: bit c of word c / 32 is component c.

/** The words of one flag per component. */
export function presentWords(presence: readonly boolean[]): number[] {
  const words = new Array<number>(Math.ceil(presence.length / 32)).fill(0);
  for (const [c, isThere] of presence.entries()) {
    if (isThere) words[c >>> 5] = (words[c >>> 5]! | (1 << (c & 31))) >>> 0;
  }
  return words;
}

/** Whether a component is there; what is beyond the words is not. */
export function isPresent(words: readonly number[], component: number): boolean {
  return (((words[component >>> 5] ?? 0) >>> (component & 31)) & 1) === 1;
}
