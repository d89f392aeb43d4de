// The four tasks, and the answer to who should share with whom. Each has all the digits and draws batches of
// its own.

/** By task: whether its digits are turned. Tasks of one answer are a pair. */
export const isRotated: Readonly<Record<string, boolean>> = {
  plain: false,
  plainCopy: false,
  rotated: true,
  rotatedCopy: true,
};

/** Mean cosine of the tasks of a pair, and of tasks of different pairs. */
export interface Agreement {
  within: number;
  across: number;
}

/** @param cosines - Of the tasks' allocations, `[M, M]`, in the order of `tasks`. */
export function agreement(
  tasks: readonly string[],
  cosines: readonly (readonly number[])[],
): Agreement {
  const sums = { within: 0, across: 0 };
  const counts = { within: 0, across: 0 };
  tasks.forEach((task, i) => {
    for (const [j, other] of tasks.entries()) {
      if (i >= j) continue;
      const kind = isRotated[task] === isRotated[other] ? "within" : "across";
      sums[kind] += cosines[i]![j]!;
      counts[kind]++;
    }
  });
  return { within: sums.within / counts.within, across: sums.across / counts.across };
}
