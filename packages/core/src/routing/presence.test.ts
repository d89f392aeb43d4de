import fc from "fast-check";
import { expect, test } from "vitest";
import { isPresent, presentWords } from "./presence.ts";

test("flags come back from their words, and nothing is beyond them", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (presence) => {
      const words = presentWords(presence);
      expect(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(
        true,
      );
      expect(presence.map((_, c) => isPresent(words, c))).toEqual(presence);
      expect(isPresent(words, 32 * words.length)).toBe(false);
    }),
  );
});
