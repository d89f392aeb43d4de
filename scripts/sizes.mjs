// Prints how large files and functions are, by package: a report to look at, not a limit to golf for.
// Lines are those that hold code; comments count apart; functions are found by matching braces, so
// their figures are approximate.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Strings, templates and regular expressions are not told apart; a comment sign in one is rare. */
const comment = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;

/** The head of a function: an arrow, or a name, its parameters and maybe a result type; then `{`. */
const functionHead =
  /(?:=>|\b(?!(?:if|for|while|switch|catch)\b)\w+(?:<[^>()]*>)?\((?:[^;{}()]|\([^()]*\)|\{[^{}]*\})*\)(?::[^;{}=]+)?)\s*\{/g;

const packages = ["core", "coordinator", "worker", "dashboard", "cli"];
const files = packages.map((name) => ({ name, files: list(`packages/${name}/src`, ".ts") }));
print(
  [
    ...files,
    { name: "all", files: files.flatMap((each) => each.files) },
    { name: "scripts", files: list("scripts", ".mjs") },
  ]
    .filter((each) => each.files.length > 0)
    .map((each) => row(each.name, each.files)),
);

function list(folder, ending) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith(ending))
    .map((path) => ({
      test: path.endsWith(".test.ts"),
      text: readFileSync(join(root, folder, path), "utf8"),
    }));
}

function row(name, files) {
  const sources = files.filter((file) => !file.test);
  const sizes = sources.map((file) => codeLines(file.text));
  const functions = sources.flatMap((file) => functionLengths(file.text));
  const code = sum(sizes);
  const full = sum(sources.map((file) => filled(file.text)));
  const tests = sum(files.filter((file) => file.test).map((file) => codeLines(file.text)));
  return {
    name,
    files: sources.length,
    code,
    "file median": quantile(sizes, 0.5),
    "file p90": quantile(sizes, 0.9),
    "file max": Math.max(0, ...sizes),
    "function median": quantile(functions, 0.5),
    "function p90": quantile(functions, 0.9),
    "comment %": full === 0 ? 0 : Math.round((100 * (full - code)) / full),
    "test/src": code === 0 ? 0 : Number((tests / code).toFixed(2)),
  };
}

function codeLines(text) {
  return filled(text.replace(comment, ""));
}

function filled(text) {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

function functionLengths(text) {
  const code = text.replace(comment, "");
  return [...code.matchAll(functionHead)].map((head) => {
    const open = head.index + head[0].length - 1;
    return filled(code.slice(open, closing(code, open)));
  });
}

function closing(code, open) {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "{") depth++;
    if (code[at] === "}" && --depth === 0) return at + 1;
  }
  return code.length;
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function print(table) {
  const columns = Object.keys(table[0]);
  const lines = [columns, ...table.map((each) => columns.map((column) => String(each[column])))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  for (const line of lines) {
    const cells = line.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
    );
    process.stdout.write(`${cells.join("  ")}\n`);
  }
}
