#!/usr/bin/env node
// Entry of the command line. Every error ends here, as a code, a sentence and a remedy.

import { CommanderError } from "commander";
import { printError, printThrown } from "./print-error.ts";
import { buildProgram } from "./program.ts";

const usageStatus = 2;

const program = buildProgram();
for (const command of [program, ...program.commands]) {
  command.exitOverride().configureOutput({ outputError() {} });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) {
    printThrown(error);
    process.exitCode = 1;
  } else if (error.exitCode !== 0) {
    printUsageError(error);
    process.exitCode = usageStatus;
  }
}

function printUsageError({ code, message }: CommanderError): void {
  // `trunkline` alone shows its help, which is no error to explain.
  if (code === "commander.help") return;
  const unknown = code === "commander.unknownOption" || code === "commander.unknownCommand";
  printError({
    code: unknown ? "cli/unknown-option" : "cli/invalid-option",
    message: message.replace(/^error: /, "").replaceAll("\n", " "),
    remedy: "See `trunkline COMMAND --help`.",
  });
}
