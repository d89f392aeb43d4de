// Experiments that do not become ready. The experiment is imported by vitest; loading it by itself is
// tested elsewhere.

import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { DataFiles } from "./load/file-source.ts";
import { readyExperiment } from "./ready.ts";

const fixture = join(import.meta.dirname, "../test/fixtures/broken/experiment.ts");

vi.mock("./load/load-experiment.ts", async () => {
  const { default: definition } = await import("../test/fixtures/broken/experiment.ts");
  return { loadExperiment: async () => ({ definition, sources: [], sourceHash: "" }) };
});

test("data that are refused are closed", async () => {
  const close = vi.spyOn(DataFiles.prototype, "close");
  const ready = readyExperiment(fixture, { set: { mistake: "nan" } }, { checkValues: true });
  await expect(ready).rejects.toMatchObject({ code: "data/not-finite" });
  expect(close).toHaveBeenCalledOnce();
});
