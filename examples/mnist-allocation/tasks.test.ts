import { expect, test } from "vitest";
import { reportOf } from "./report.ts";
import { agreement, isRotated } from "./tasks.ts";

const tasks = Object.keys(isRotated);

/** Pairs agree by 0.9 and 0.7; across, one of the four is 0.5 and the others 0.1. */
const cosines = [
  [1, 0.9, 0.5, 0.1],
  [0.9, 1, 0.1, 0.1],
  [0.5, 0.1, 1, 0.7],
  [0.1, 0.1, 0.7, 1],
];

test("agreement is the mean over two pairs, and over four combinations of their tasks", () => {
  const { within, across } = agreement(tasks, cosines);
  expect(within).toBeCloseTo(0.8, 12);
  expect(across).toBeCloseTo(0.2, 12);
});

test("agreement goes by the tasks' names, in whatever order", () => {
  const order = [3, 0, 2, 1];
  const permuted = order.map((i) => order.map((j) => cosines[i]![j]!));
  const { within, across } = agreement(
    order.map((i) => tasks[i]!),
    permuted,
  );
  expect(within - across).toBeCloseTo(0.6, 12);
});

test("a report is of the last allocation in a run's events", () => {
  const event = (epoch: number, all: number[][]) =>
    JSON.stringify({
      type: "allocation",
      epoch,
      tasks: Object.fromEntries(tasks.map((task) => [task, {}])),
      cosines: all,
    });
  const same = cosines.map((row) => row.map(() => 1));
  const events = `${[event(1, same), event(3, cosines), '{"type":"runEnded"}'].join("\n")}\n`;
  const { lines, difference } = reportOf(events);
  expect(difference).toBeCloseTo(0.6, 12);
  expect(lines[0]?.split(/ +/)).toEqual(["", ...tasks]);
  expect(lines[2]?.split(/ +/)).toEqual(["plainCopy", "0.900", "1.000", "0.100", "0.100"]);
  expect(lines.at(-1)).toBe("after 3 epochs: within pairs 0.800, across 0.200, difference 0.600");
});

test("events without an allocation are refused", () => {
  expect(() => reportOf('{"type":"runStarted"}\n')).toThrow("no allocation");
});
