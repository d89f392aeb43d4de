// Compiles an experiment and what it imports by relative paths into one module, without running it: syntax
// errors and missing files are found with their line, and the files that it consists of become known.
// The module can be imported from anywhere: packages are named by absolute URLs, and every file keeps its
// own `import.meta.url`.

import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
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
      define: { "import.meta.url": urlName },
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

/** Packages stay outside, by the URL to which they resolve from the file that imports them. */
const absolutePackages: Plugin = {
  name: "absolute-packages",
  setup({ onResolve, resolve: resolvePackage }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind === "entry-point" || pluginData === resolving || path.startsWith("node:")) return;
      const found = await resolvePackage(path, { kind, resolveDir, pluginData: resolving });
      if (found.errors.length > 0) return { path, external: true };
      return { path: found.external ? path : pathToFileURL(found.path).href, external: true };
    });
  },
};
const resolving = "resolving";

/** Stands for `import.meta.url` in each file; esbuild keeps the constants of different files apart. */
const urlName = "__trunklineModuleUrl";

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
      if (!text.includes("import.meta.url")) return { contents: text, loader };
      // On the first line, so that messages name the lines of the file.
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: `const ${urlName} = ${url};${text}`, loader };
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
