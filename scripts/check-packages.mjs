// Imports the built packages from outside the repository, as someone who installed them would: packed,
// unpacked into an empty folder, with exactly the dependencies that each one's package.json names. So a
// file left out of the pack, an undeclared dependency or a source path in `exports` is found here.
// Run after `npm run build`.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const outside = mkdtempSync(join(tmpdir(), "trunkline-packed-"));
const modules = join(outside, "node_modules");

const tinyExperiment = `
import * as tf from "@tensorflow/tfjs";
import { arrayDataset, defineExperiment } from "@trunkline/core";

const inputs: number[][] = [[0, 1], [1, 0], [1, 1], [0, 0]];
const data = { inputs, inputShape: [2], labels: { a: [0, 1, 1, 0], b: [1, 1, 0, 0] } };
const split = arrayDataset(data);
const layer = (inputShape: number[], units: number) =>
  tf.sequential({ layers: [tf.layers.dense({ inputShape, units })] });
const head = ({ inputShape }: { inputShape: number[] }) => layer(inputShape, 1);

export default defineExperiment({
  name: "tiny",
  build: () => ({
    data: { train: split, validation: split, test: split },
    trunk: () => layer([2], 3),
    tasks: { a: { head, loss: "sigmoidCrossEntropy" }, b: { head, loss: "sigmoidCrossEntropy" } },
  }),
});
`;

try {
  const manifests = readdirSync(join(root, "packages")).map(pack);
  for (const manifest of manifests) linkDependencies(manifest);
  for (const { manifest } of manifests) if (manifest.exports) tryImport(manifest.name);
  for (const { manifest } of manifests) tryCommands(manifest);
  tryTraining();
} finally {
  rmSync(outside, { recursive: true, force: true });
}

/** Packs one package and unpacks it where `import` finds it by name. */
function pack(name) {
  const folder = join(root, "packages", name);
  const pnpm = join(root, "scripts", "pnpm.mjs");
  const packed = join(outside, `${name}.tgz`);
  const flags = ["-C", folder, "pack", "--out", packed];
  execFileSync(process.execPath, [pnpm, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const target = join(modules, manifest.name);
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", packed, "-C", target, "--strip-components=1"]);
  return { folder, manifest, target };
}

/** Third-party dependencies are those installed here; ours are the unpacked ones beside. */
function linkDependencies({ folder, manifest, target }) {
  const optional = Object.keys(manifest.optionalDependencies ?? {});
  const wanted = [...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })];
  for (const dependency of [...wanted, ...optional]) {
    const installed = join(folder, "node_modules", dependency);
    const link = join(target, "node_modules", dependency);
    if (existsSync(join(modules, dependency)) || !existsSync(installed)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(installed), link);
  }
}

function tryImport(name) {
  const probe = join(outside, "probe.mjs");
  writeFileSync(
    probe,
    `const names = Object.keys(await import(${JSON.stringify(name)}));
process.stdout.write(\`${name}: \${names.length} exports\\n\`);
process.exit(0);
`,
  );
  execFileSync(process.execPath, [probe], {
    cwd: outside,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** Trains a few steps: threads, worker processes and TypeScript experiments start otherwise when built. */
function tryTraining() {
  const tfjs = join(modules, "@tensorflow", "tfjs");
  mkdirSync(dirname(tfjs), { recursive: true });
  symlinkSync(realpathSync(join(root, "node_modules/@tensorflow/tfjs")), tfjs);
  const experiment = join(outside, "experiment.ts");
  writeFileSync(experiment, tinyExperiment);
  const main = join(modules, "trunkline/dist/main.js");
  const options = ["--workers", "2", "--backend", "wasm", "--epochs", "2", "--json"];
  const output = execFileSync(
    process.execPath,
    [main, "train", experiment, ...options, "--out", join(outside, "run")],
    { cwd: outside, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" },
  );
  const { status, updates } = JSON.parse(output);
  if (status !== "finished" || updates.trunk !== 1) throw new Error(`the run ended as ${output}`);
  process.stdout.write("trunkline train, built: works\n");
}

/** Every `bin` of a package must at least print its help. */
function tryCommands(manifest) {
  for (const [command, path] of Object.entries(manifest.bin ?? {})) {
    const file = join(modules, manifest.name, path);
    execFileSync(process.execPath, [file, "--help"], { cwd: outside, stdio: "ignore" });
    process.stdout.write(`${command} --help: works\n`);
  }
}
