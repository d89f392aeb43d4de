// What a run needs of the machine, looked at one by one. Each check answers; none throws.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";

export interface Check {
  name: string;
  ok: boolean;
  found: string;
  /** Only where it is not well. */
  remedy?: string;
}

export async function checkMachine(): Promise<Check[]> {
  return [
    await checkNode(),
    checkProcessor(),
    checkMemory(),
    await checkFolder("working folder", process.cwd()),
    await checkFolder("temporary folder", tmpdir()),
    await checkLoopback(),
  ];
}

async function checkNode(): Promise<Check> {
  const manifest = new URL("../../package.json", import.meta.url);
  const { engines } = JSON.parse(await readFile(manifest, "utf8")) as { engines: { node: string } };
  const found = `${process.versions.node}, ${engines.node} is wanted`;
  const ok = isAtLeast(process.versions.node, engines.node.replace(/^>=/, ""));
  return { name: "Node", ok, found, ...(!ok && { remedy: "Install a newer version of Node." }) };
}

/** Versions as numbers between dots; what the second leaves out is 0. */
export function isAtLeast(found: string, wanted: string): boolean {
  const [a, b] = [found, wanted].map((version) => version.split(".").map(Number.parseFloat));
  for (let i = 0; i < 3; i++) {
    const difference = (a![i] ?? 0) - (b![i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function checkProcessor(): Check {
  const count = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const enough = count > 1;
  return {
    name: "processor",
    ok: true,
    found: `${count} ${count === 1 ? "core" : "cores"}, ${model}`,
    ...(!enough && { remedy: "Two workers share this core; more would not be faster." }),
  };
}

function checkMemory(): Check {
  const total = process.constrainedMemory() || totalmem();
  const usable = Math.min(total, totalmem());
  return { name: "memory", ok: true, found: `${(usable / 2 ** 30).toFixed(1)} GiB` };
}

async function checkFolder(name: string, path: string): Promise<Check> {
  try {
    const folder = await mkdtemp(join(path, ".trunkline-doctor-"));
    try {
      await writeFile(join(folder, "file"), "written");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return { name, ok: true, found: `${path} can be written` };
  } catch (cause) {
    const found = `${path} cannot be written: ${(cause as Error).message}`;
    return { name, ok: false, found, remedy: "Use a folder of your own; run folders go to --out." };
  }
}

function checkLoopback(): Promise<Check> {
  const name = "loopback";
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (cause) => {
      const found = `no port of 127.0.0.1 can be listened on: ${cause.message}`;
      resolve({ name, ok: false, found, remedy: "Allow this user to open ports on 127.0.0.1." });
    });
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      server.close(() => resolve({ name, ok: true, found: "ports of 127.0.0.1 can be opened" }));
    });
  });
}
