import { expect, test } from "vitest";
import { listedMethods } from "./methods.ts";

test("methods have commas between them and options behind colons", () => {
  expect(listedMethods("ew, cagrad:c=0.5:tol=1e-3").map(({ set }) => set)).toEqual([
    { method: "ew" },
    { method: "cagrad", "method.c": "0.5", "method.tol": "1e-3" },
  ]);
});

test("commas and colons in brackets belong to the option's value", () => {
  const [fixed, odd, ...others] = listedMethods('fixed:weights=[1,2],x:y={"a":1,"b":[2]}');
  expect(others).toEqual([]);
  expect(fixed).toMatchObject({
    text: "fixed:weights=[1,2]",
    set: { method: "fixed", "method.weights": "[1,2]" },
  });
  expect(odd!.set["method.y"]).toBe('{"a":1,"b":[2]}');
});

test("a slug can name a folder", () => {
  const slugs = listedMethods("nash-mtl,fixed:weights=[1,2]").map(({ slug }) => slug);
  expect(slugs).toEqual(["nash-mtl", "fixed_weights=_1_2_"]);
});

test.each([
  ["ew,,uw", /names with commas between/],
  ["ew,uw,ew", /`ew` is there twice/],
  ["cagrad:c", /`cagrad:KEY=VALUE`. Found `c`/],
  ["cagrad:=1", /Found `=1`/],
])("%s is refused", (text, message) => {
  expect(() => listedMethods(text)).toThrow(message);
});
