// Every mistake of a user ends with an exit status, a code and a remedy, and leaves nothing half-written.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Exit, runCli } from "./support/run-cli.ts";
import { temporaryFolder } from "./support/temporary.ts";

const folder = temporaryFolder();
const circles = "packages/cli/test/fixtures/circles/experiment.ts";
const broken = "packages/cli/test/fixtures/broken/experiment.ts";

/** What ends with a usage error is found before the experiment is looked at. */
const usage = 2;
const failure = 1;

interface Row {
  mistake: string;
  args: readonly string[];
  status: number;
  code: string;
  /** What the message says. */
  says: RegExp;
  remedy: RegExp;
}

const withMistake = (name: string) => [broken, "--set", `mistake=${name}`];

const rows: Row[] = [
  {
    mistake: "an experiment file that does not exist",
    args: ["packages/cli/test/fixtures/circles/experimet.ts"],
    status: failure,
    code: "experiment/not-found",
    says: /There is none of that name/,
    remedy: /Did you mean `experiment\.ts`\?/,
  },
  {
    mistake: "an experiment file that does not compile",
    args: [folder("syntax.ts")],
    status: failure,
    code: "experiment/not-compiled",
    says: /syntax\.ts:2:\d+: /,
    remedy: /Correct the file at that place/,
  },
  {
    mistake: "an unknown loss",
    args: withMistake("loss"),
    status: failure,
    code: "experiment/unknown-name",
    says: /tasks\.disc\.loss.*sigmoidCrossEntropi.*Did you mean `sigmoidCrossEntropy`\?/,
    remedy: /tasks\.disc\.loss/,
  },
  {
    mistake: "a head that does not fit its labels",
    args: withMistake("shapes"),
    status: failure,
    code: "experiment/shape",
    says: /tasks\.disc\.head: .*shape \[3\].*labels have \[\]/,
    remedy: /one output per number of the label/,
  },
  {
    mistake: "a label outside of its loss's range",
    args: withMistake("labels"),
    status: failure,
    code: "data/label-range",
    says: /Found 2 in sample 7/,
    remedy: /./,
  },
  {
    mistake: "NaN in a data file",
    args: withMistake("nan"),
    status: failure,
    code: "data/not-finite",
    says: /points\.csv: Column `y`, row 3 /,
    remedy: /./,
  },
  {
    mistake: "a dropout layer of tfjs",
    args: withMistake("dropout"),
    status: failure,
    code: "experiment/random-layer",
    says: /trunk/,
    remedy: /dropout\(/,
  },
  {
    mistake: "no workers",
    args: [circles, "--workers", "0"],
    status: usage,
    code: "cli/invalid-option",
    says: /--workers.*at least 1/,
    remedy: /--help/,
  },
  {
    mistake: "an unknown option",
    args: [circles, "--worker", "2"],
    status: usage,
    code: "cli/unknown-option",
    says: /--worker.*Did you mean --workers\?/,
    remedy: /--help/,
  },
  {
    mistake: "an unknown backend",
    args: [circles, "--backend", "cuda"],
    status: usage,
    code: "cli/invalid-option",
    says: /cuda.*tensorflow, webgpu, wasm, cpu/,
    remedy: /--help/,
  },
  {
    mistake: "an unknown field",
    args: [circles, "--set", "batchsize=8"],
    status: failure,
    code: "experiment/unknown-option",
    says: /no option `batchsize`.*Did you mean `batchSize`\?/,
    remedy: /Use one of: own, size/,
  },
];

function expectRefusal(exit: Exit, row: Pick<Row, "status" | "code" | "says" | "remedy">): void {
  expect(exit.stderr).toContain(`error ${row.code}: `);
  expect(exit.stderr).toMatch(row.says);
  expect(exit.stderr.split("remedy: ").slice(1).join("\n")).toMatch(row.remedy);
  expect(exit).toMatchObject({ status: row.status, stdout: "" });
}

beforeAll(() => writeFileSync(folder("syntax.ts"), "const one = 1;\nexport default {{ name };\n"));

describe.concurrent("a mistake found before anything starts", () => {
  test.each(rows)("$mistake", async (row) => {
    const out = folder(row.mistake.replaceAll(" ", "-"));
    expectRefusal(await runCli("train", ...row.args, "--out", out), row);
    expect(existsSync(out)).toBe(false);
  });
});

describe("a machine that does not let it", () => {
  test("a port in use is named, and no run folder stays", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const out = folder("port");
    const exit = await runCli("train", circles, "--port", String(port), "--out", out);
    expectRefusal(exit, {
      status: failure,
      code: "environment/port-in-use",
      says: new RegExp(`port ${port} of 127\\.0\\.0\\.1`),
      remedy: /--port/,
    });
    expect(existsSync(out)).toBe(false);
    server.close();
  });

  test("a folder with files in it is not written to", async () => {
    const out = folder("occupied");
    mkdirSync(out);
    writeFileSync(join(out, "notes.txt"), "mine");
    expectRefusal(await runCli("train", circles, "--out", out), {
      status: failure,
      code: "environment/file",
      says: /should be new or empty\. Found 1 file/,
      remedy: /--out/,
    });
    expect(existsSync(join(out, "experiment.json"))).toBe(false);
  });

  test("a worker's backend that does not work ends the run with the worker's own words", async () => {
    const out = folder("no-backend");
    const args = ["--backend", "webgpu", "--workers", "1", "--out", out, "--json"];
    const exit = await runCli("train", circles, ...args);
    expect(exit.status).toBe(failure);
    expect(exit.stderr).toMatch(/error run\/worker-lost: [\s\S]*error backend\/unavailable/);
    expect(exit.stderr).toMatch(/remedy: .*worker-0\.log/);
    expect(existsSync(join(out, "model"))).toBe(false);
  });
});

describe("a full disk", () => {
  const disk = folder("disk");
  let mounted = false;

  beforeAll(() => {
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
      mounted = true;
    } catch {
      // Only root may mount.
    }
  });
  afterAll(() => {
    if (mounted) execFileSync("umount", ["--lazy", disk], { stdio: "ignore" });
  });

  test("ends the run with its code, and without a model", async ({ skip }) => {
    if (!mounted) skip("a file system of 64 KiB cannot be mounted here; run as root to test it");
    const out = join(disk, "run");
    const args = ["--workers", "1", "--backend", "cpu", "--epochs", "400", "--out", out];
    expectRefusal(await runCli("train", circles, ...args), {
      status: failure,
      code: "environment/disk-full",
      says: /No space is left to write/,
      remedy: /Free some space, or choose a folder on another disk/,
    });
    expect(existsSync(join(out, "model"))).toBe(false);
  });
});
