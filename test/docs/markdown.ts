// The documentation's pages as the tests read them: sections, tables, code blocks. Knows the few forms of
// Markdown that the pages use.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Text of `docs/NAME.md`. */
export function page(name: string): string {
  return readFileSync(resolve(import.meta.dirname, "../../docs", `${name}.md`), "utf8");
}

/** From a heading (its whole line) to the next one of its level or above. */
export function section(text: string, heading: string): string {
  const lines = text.split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`The page has no line "${heading}".`);
  const level = heading.indexOf(" ");
  const isNext = (line: string) => /^#+ /.test(line) && line.indexOf(" ") <= level;
  const rest = withoutCode(lines.slice(start + 1));
  const end = rest.findIndex(isNext);
  return lines.slice(start, end < 0 ? lines.length : start + 1 + end).join("\n");
}

/** Lines in which those of code blocks are empty: a `#` in them is no heading. */
function withoutCode(lines: readonly string[]): string[] {
  let inside = false;
  return lines.map((line) => {
    const fence = line.startsWith("```");
    if (fence) inside = !inside;
    return inside || fence ? "" : line;
  });
}

/** Rows of all tables in the text, each as its cells; the first two lines of a table are left out. */
export function rows(text: string): string[][] {
  const lines = text.split("\n");
  const isRow = (line: string | undefined) => line?.startsWith("|") === true;
  return lines
    .filter((line, i) => isRow(line) && !isRule(line) && isRow(lines[i - 1]))
    .map(cellsOf);
}

const isRule = (line: string) => /^\|[-| :]+\|$/.test(line);

function cellsOf(line: string): string[] {
  const inner = line.slice(1, line.lastIndexOf("|"));
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** What stands between backticks. */
export function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

/** Contents of the code blocks of a language, in order. */
export function blocks(text: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms");
  return [...text.matchAll(pattern)].map((match) => match[1]!);
}
