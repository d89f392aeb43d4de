// Rows of text under each other: the first column to the left, the others, numbers mostly, to the right.

/** One line a row, columns two spaces apart. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    widths
      .map((width, at) =>
        at === 0 ? (row[at] ?? "").padEnd(width) : (row[at] ?? "").padStart(width),
      )
      .join("  ")
      .trimEnd(),
  );
}
