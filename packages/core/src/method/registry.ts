// The methods by the name that experiments and the command line use.

import { ew } from "./ew.ts";
import type { Method } from "./method.ts";

const methods: Readonly<Record<string, () => Method>> = { ew };

export const methodNames: readonly string[] = Object.keys(methods);

/** The method of a name that validation let through. */
export function methodByName(name: string): Method {
  const make = methods[name];
  if (make === undefined) throw new RangeError(`no method ${name}`);
  return make();
}
