import { expect, test } from "vitest";
import { printable, printableName } from "./printable.ts";
import { malformed } from "./violations.ts";

const escapeByte = String.fromCharCode(0x1b);
const rightToLeft = String.fromCharCode(0x202e);
const oneByteEscape = String.fromCharCode(0x9b);

test("a text loses what a terminal would obey, and keeps its lines and letters", () => {
  const text = `${escapeByte}[2Jgr\u00fcn\r\n\t${rightToLeft}one${oneByteEscape}31m`;
  expect(printable(text)).toBe("[2Jgr\u00fcn\n\tone31m");
});

test.each([
  ["an escape", escapeByte],
  ["a line feed", "\n"],
  ["a direction mark", rightToLeft],
  ["a line separator", String.fromCharCode(0x2028)],
])("a name has no %s", (_, character) => {
  expect(printableName.test(`worker${character}1`)).toBe(false);
});

test.each(["", "host.local-12", "R\u00e9my\u2019s Mac", "\u4f5c\u696d 1"])(
  "a name may be %j",
  (one) => expect(printableName.test(one)).toBe(true),
);

test("what is quoted of a peer's bytes is short and printable", () => {
  const { message } = malformed(`Unrecognized key: ${escapeByte}[31m${"x".repeat(1e6)}`);
  expect(message).not.toContain(escapeByte);
  expect(message.length).toBeLessThanOrEqual(1024);
});
