// A fixture to edit: a copy outside of the repository that finds the packages of this one.

import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Copies a fixture to `folder`, which must be new. */
export function copyFixture(name: string, folder: string): string {
  cpSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)), folder, {
    recursive: true,
  });
  const packages = join(folder, "node_modules");
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), packages, "junction");
  return folder;
}
