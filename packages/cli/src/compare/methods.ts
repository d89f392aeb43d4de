// The methods of a comparison as the command line names them: `ew,cagrad:c=0.5,fixed:weights=[1,2]`.

import { InvalidArgumentError } from "commander";

export interface ListedMethod {
  /** As it was written. */
  text: string;
  /** Name in the registry of methods. */
  name: string;
  /** The run's fields that choose it. */
  set: Readonly<Record<string, string>>;
  /** What its run folders begin with. */
  slug: string;
}

/** @throws InvalidArgumentError for a list that cannot be read; whether the names are known is asked later. */
export function listedMethods(text: string): ListedMethod[] {
  const methods = splitOutside(text, ",").map(methodIn);
  for (const [i, { slug }] of methods.entries()) {
    const first = methods.findIndex((other) => other.slug === slug);
    if (first < i) throw new InvalidArgumentError(`\`${methods[i]!.text}\` is there twice.`);
  }
  return methods;
}

function methodIn(text: string): ListedMethod {
  const [name = "", ...options] = splitOutside(text.trim(), ":");
  if (name === "") throw new InvalidArgumentError("It should be names with commas between.");
  const set = options.map((option) => {
    const at = option.indexOf("=");
    if (at >= 1) return [`method.${option.slice(0, at)}`, option.slice(at + 1)] as const;
    throw new InvalidArgumentError(
      `Options of \`${name}\` should be \`${name}:KEY=VALUE\`. Found \`${option}\`.`,
    );
  });
  const slug = text.trim().replace(/[^A-Za-z0-9_.=-]+/g, "_");
  return { text: text.trim(), name, set: { method: name, ...Object.fromEntries(set) }, slug };
}

/** At the separators that are in no brackets, so that a value may be a list or an object. */
function splitOutside(text: string, separator: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    if ("[{".includes(letter)) depth++;
    if ("]}".includes(letter)) depth--;
    if (letter === separator && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}
