// The schedules by name: their schemas, for validation, and the schedule that a specification means.

import { z } from "zod";
import { ateSgSchedule } from "./ate-sg.ts";
import { satSgSchedule } from "./sat-sg.ts";
import type { Schedule } from "./schedule.ts";
import { sgSchedule } from "./sg.ts";

const epochs = z.int().min(1);

export const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("sg") }),
  z.strictObject({ kind: z.literal("satSg"), sameBatch: z.boolean().default(false) }),
  z.strictObject({
    kind: z.literal("ateSg"),
    sharedEpochs: epochs.default(1),
    headEpochs: epochs.default(1),
    first: z.enum(["shared", "head"]).default("shared"),
  }),
]);

/** A schedule as plain data; made by `sg()`, `satSg()` or `ateSg()`. */
export type ScheduleSpec = z.infer<typeof scheduleSchema>;

export function scheduleOf(spec: ScheduleSpec): Schedule {
  switch (spec.kind) {
    case "sg":
      return sgSchedule();
    case "satSg":
      return satSgSchedule(spec);
    case "ateSg":
      return ateSgSchedule(spec);
  }
}

/** Names on the command line and in results: `sg`, `sat-sg`, `ate-sg`. */
export const scheduleNames = { sg: "sg", satSg: "sat-sg", ateSg: "ate-sg" } as const;
