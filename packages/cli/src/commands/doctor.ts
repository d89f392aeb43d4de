// `trunkline doctor`: what works on this machine, what does not, and what to do about it.

import { type BackendAttempt, probeBackends } from "@trunkline/worker";
import { type Check, checkMachine } from "../doctor/checks.ts";

export interface DoctorOptions {
  json: boolean;
}

/** The exit status: 0 where something can train here. */
export async function doctorCommand({ json }: DoctorOptions): Promise<number> {
  const backends = await probeBackends();
  const machine = await checkMachine();
  const shown = json ? JSON.stringify({ backends, machine }) : table(backends, machine);
  process.stdout.write(`${shown}\n`);
  return backends.some((backend) => backend.works) ? 0 : 1;
}

function table(backends: readonly BackendAttempt[], machine: readonly Check[]): string {
  const rows: Check[] = backends.map(({ name, works, version, why, remedy }) => {
    const found = version === undefined ? why : `${version}, ${why}`;
    return { name, ok: works, found, ...(remedy !== undefined && { remedy }) };
  });
  return ["backends", ...lines(rows), "", "machine", ...lines(machine)].join("\n");
}

function lines(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks.flatMap(({ name, ok, found, remedy }) => {
    const line = `  ${name.padEnd(width)}  ${ok ? "ok" : "--"}  ${found}`;
    return remedy === undefined ? [line] : [line, `  ${" ".repeat(width)}      ${remedy}`];
  });
}
