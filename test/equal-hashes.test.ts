import { adam, adamw, ateSg, momentum, satSg, sg } from "@trunkline/core";
import { describe, expect, test } from "vitest";
import { trainCluster } from "./support/cluster.ts";
import { ownInputs, sharedInput } from "./support/experiments.ts";
import { trainReference } from "./support/reference.ts";

const optimizer = {
  trunk: momentum({ learningRate: 0.05, momentum: 0.9 }),
  heads: adam({ learningRate: 0.01 }),
};
const decay = {
  trunk: adamw({ learningRate: 0.01, weightDecay: 0.1 }),
  heads: momentum({ learningRate: 0.05, momentum: 0.9 }),
};

const schedules = [
  ["ateSg 1/1", ateSg()],
  ["ateSg 2/1, heads first", ateSg({ sharedEpochs: 2, headEpochs: 1, first: "head" })],
  ["sg", sg()],
  ["satSg", satSg()],
  ["satSg with the same batch", satSg({ sameBatch: true })],
] as const;

describe.each([
  ["shared input", sharedInput],
  ["own input per task", ownInputs],
])("%s", (_, experiment) => {
  test.each(schedules)(
    "1, 2 and 3 workers and a plain loop end equal: %s",
    async (_name, schedule) => {
      const made = experiment({ schedule, optimizer });
      const reference = await trainReference(made);
      for (const workers of [1, 2, 3]) {
        const { result } = await trainCluster(made, { workers });
        expect(result.hashes).toEqual(reference);
        expect(result.status).toBe("finished");
      }
    },
  );

  test("dropout and weight decay change nothing of that", async () => {
    const made = experiment({ schedule: ateSg(), optimizer: decay });
    const set = { dropout: "true", shards: "2" };
    const reference = await trainReference(made, set);
    for (const workers of [1, 2]) {
      const { result } = await trainCluster(made, { workers, set });
      expect(result.hashes).toEqual(reference);
    }
  });
});
