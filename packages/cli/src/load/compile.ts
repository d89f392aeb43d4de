// Compiles an experiment and what it imports but packages into one module, without running it: syntax
// errors and missing files are found with their line, and the files that it consists of become known.
// The module can be imported from anywhere: packages are named by absolute URLs, and every file keeps its
// own `import.meta.url`, `dirname` and `filename`.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { ExperimentError, type Problem } from "@trunkline/core";
import { type BuildFailure, build, type Loader, type Message, type Plugin, stop } from "esbuild";
import { shownPath } from "./shown-path.ts";

export interface Compiled {
  /**
   * The experiment's own files, as slash-separated paths relative to its folder. Packages are left out;
   * the lock file of their owner names those.
   */
  inputs: string[];
  /** One ECMAScript module. */
  code: string;
}

/** In development our own packages resolve to their sources. */
const conditions = import.meta.url.endsWith(".ts") ? ["@trunkline/source"] : [];

export async function compile(file: string): Promise<Compiled> {
  try {
    const { metafile, outputFiles } = await build({
      absWorkingDir: dirname(file),
      bundle: true,
      conditions,
      define: Object.fromEntries(ownNames.map((name) => [`import.meta.${name}`, constantOf(name)])),
      entryPoints: [file],
      format: "esm",
      logLevel: "silent",
      metafile: true,
      platform: "node",
      plugins: [absolutePackages, ownUrls],
      sourcemap: "inline",
      target: "node20",
      write: false,
    });
    return { inputs: Object.keys(metafile.inputs), code: outputFiles[0]!.text };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new ExperimentError(error.errors.map((message) => problem(file, message)));
  } finally {
    // Its service is a process of its own, which would stay as long as this one.
    await stop();
  }
}

/**
 * Packages stay outside, by the URL to which they resolve from the file that imports them. An import by
 * another name of a file of the importer's own package (`#lib/x` of its package.json, its own name, a path
 * of its tsconfig.json) is a relative one in disguise.
 */
const absolutePackages: Plugin = {
  name: "absolute-packages",
  setup({ onResolve, resolve: resolvePackage }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind === "entry-point" || pluginData === resolving || path.startsWith("node:")) return;
      const found = await resolvePackage(path, { kind, resolveDir, pluginData: resolving });
      if (found.errors.length > 0)
        return path.startsWith("#") ? undefined : { path, external: true };
      if (found.external) return { path: found.path, external: true };
      if (isOwn(found.path, resolveDir)) return;
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};
const resolving = "resolving";

function isOwn(file: string, importerFolder: string): boolean {
  if (relative(importerFolder, file).split(sep).includes("node_modules")) return false;
  return packageOf(dirname(file)) === packageOf(importerFolder);
}

/** The nearest folder with a package.json, as Node tells packages apart; undefined for loose files. */
function packageOf(folder: string): string | undefined {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : packageOf(parent);
}

/** What a file asks `import.meta` about itself. */
const ownNames = ["url", "dirname", "filename"] as const;

/** Stands for `import.meta.NAME` in each file; esbuild keeps the constants of different files apart. */
function constantOf(name: (typeof ownNames)[number]): string {
  return `__trunklineModule_${name}`;
}

const loaders: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
};

const ownUrls: Plugin = {
  name: "own-urls",
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const loader = loaders[extname(path)]!;
      if (!text.includes("import.meta.")) return { contents: text, loader };
      const own = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path };
      const constants = ownNames.map(
        (name) => `${constantOf(name)} = ${JSON.stringify(own[name])}`,
      );
      // On the first line, so that messages name the lines of the file.
      return { contents: `const ${constants.join(", ")};${text}`, loader };
    });
  },
};

function problem(file: string, { location, text }: Message): Problem {
  const path =
    location === null
      ? shownPath(file)
      : `${shownPath(resolve(dirname(file), location.file))}:${location.line}:${location.column + 1}`;
  return {
    path,
    code: "experiment/not-compiled",
    message: `${text.replace(/\.$/, "")}.`,
    remedy: "Correct the file at that place.",
  };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
