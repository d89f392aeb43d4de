import { hostname } from "node:os";
import { expect, test } from "vitest";
import { urlForOthers } from "./coordinator.ts";

test.each([
  ["127.0.0.1", "http://127.0.0.1:7070"],
  ["::1", "http://[::1]:7070"],
])("who listens on %s is reached there", (host, url) => {
  expect(urlForOthers(url, host)).toBe(url);
});

test.each(["0.0.0.0", "::"])("who listens on %s is reached by this machine's name", (host) => {
  expect(urlForOthers("http://127.0.0.1:7070", host)).toBe(`http://${hostname()}:7070`);
});
