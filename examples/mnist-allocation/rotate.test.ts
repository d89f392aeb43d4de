import { expect, test } from "vitest";
import { rotated } from "./rotate.ts";

test("images turn to the left, each by itself", () => {
  const images = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  expect([...rotated(images, 2)]).toEqual([2, 4, 1, 3, 6, 8, 5, 7]);
});

test("four turns lead back", () => {
  const images = Uint8Array.from({ length: 2 * 28 * 28 }, (_, i) => (i * 7) % 251);
  let turned: Uint8Array = images;
  for (let turns = 0; turns < 4; turns++) turned = rotated(turned, 28);
  expect(turned).toEqual(images);
});
