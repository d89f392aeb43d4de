// The command line: commands, options, their ranges. What a command does is in the file of its name.

import { scheduleNames } from "@trunkline/core";
import { backendNames } from "@trunkline/worker";
import { Command, InvalidArgumentError, Option } from "commander";
import { compareCommand } from "./commands/compare.ts";
import { coordinatorCommand } from "./commands/coordinator.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { exportCommand } from "./commands/export.ts";
import { predictCommand } from "./commands/predict.ts";
import { trainCommand } from "./commands/train.ts";
import { workerCommand } from "./commands/worker.ts";
import { listedMethods } from "./compare/methods.ts";

export function buildProgram(): Command {
  const program = new Command("trunkline")
    .description("Distributed training of multi-task neural networks.")
    .version("0.1.0")
    .showSuggestionAfterError()
    .enablePositionalOptions();
  addTrain(program);
  addCompare(program);
  addCoordinator(program);
  addWorker(program);
  addEvaluate(program);
  addPredict(program);
  addExport(program);
  addDoctor(program);
  return program;
}

function addTrain(program: Command): void {
  runOptions(program.command("train"))
    .description("Train an experiment with a coordinator and workers on this machine.")
    .addOption(backendOption())
    .option("--port <number>", "port of the coordinator, 0 for a free one", port, 0)
    .action(async (experiment, options) => {
      process.exitCode = await trainCommand(experiment, options);
    });
}

function addCompare(program: Command): void {
  program
    .command("compare")
    .description("Train an experiment with several methods, and beside them two baselines.")
    .argument("<experiment>", "the experiment's module, a TypeScript or JavaScript file")
    .requiredOption(
      "--methods <names>",
      "methods, with commas between; options as in cagrad:c=0.5",
      listedMethods,
    )
    .option("--seeds <number>", "trains each with that many seeds, from 0", atLeastOne, 1)
    .option("--workers <number>", "workers of each run", atLeastOne, 2)
    .option("--epochs <number>", "epochs to train")
    .addOption(setOption())
    .addOption(backendOption())
    .option(
      "--out <folder>",
      "keeps one run folder each, and uses it again (default: runs/compare-NAME)",
    )
    .option("--json", "print the table's rows as one line of JSON", false)
    .action(async (experiment, options) => {
      process.exitCode = await compareCommand(experiment, options);
    });
}

function addCoordinator(program: Command): void {
  runOptions(program.command("coordinator"))
    .description("Hold the trunk and wait for workers, from this machine or others.")
    .option("--listen <host:port>", "address to listen on", address, { host: "127.0.0.1", port: 0 })
    .option(
      "--allow-mixed",
      "accept workers of unequal arithmetic; bits are then not promised",
      false,
    )
    .action(async (experiment, options) => {
      process.exitCode = await coordinatorCommand(experiment, options);
    });
}

function addWorker(program: Command): void {
  program
    .command("worker")
    .description("Take part in a run: train heads, compute gradients.")
    .argument("<experiment>", "the experiment's module; the same as the coordinator's")
    .requiredOption("--connect <url>", "the coordinator's address, as it prints it")
    .addOption(backendOption())
    .option("--name <name>", "shown in events and logs (default: host and process id)")
    .option("--events <file>", "append a record of the work done, as JSON lines")
    .action(workerCommand);
}

function addEvaluate(program: Command): void {
  program
    .command("evaluate")
    .description("Measure losses and metrics of a trained run on one of its splits.")
    .argument("<run>", "the run's folder")
    .addOption(checkpointOption())
    .addOption(
      new Option(
        "--split <name>",
        "data to measure on (default: test, where there is one)",
      ).choices(["test", "validation", "train"]),
    )
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: the run's own)").choices(
        ["auto", ...backendNames],
      ),
    )
    .option("--allow-changed", "evaluate although module or data are not those of the run", false)
    .option("--json", "print one line of JSON", false)
    .action(evaluateCommand);
}

function addPredict(program: Command): void {
  program
    .command("predict")
    .description("Compute a task's outputs for the rows of a file, one line of JSON a row.")
    .argument("<run>", "the run's folder")
    .requiredOption("--task <name>", "the task whose head answers")
    .requiredOption("--input <file>", "rows of inputs: .npy, .csv or IDX")
    .option("--columns <names>", "columns of a CSV file, with commas between (default: all)", names)
    .addOption(checkpointOption())
    .addOption(backendOption())
    .option("--output <file>", "file to write (default: standard output)")
    .action(predictCommand);
}

function addExport(program: Command): void {
  program
    .command("export")
    .description("Write a run's weights as plain tfjs models.")
    .argument("<run>", "the run's folder")
    .option("--task <name>", "this task alone")
    .addOption(checkpointOption())
    .option("--out <folder>", "new or empty folder (default: export-CHECKPOINT in the run's)")
    .action(exportCommand);
}

function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("Say which backends work on this machine, and what to do about the others.")
    .option("--json", "print one line of JSON", false)
    .action(async (options) => {
      process.exitCode = await doctorCommand(options);
    });
}

/** What `train` and `coordinator` have in common. */
function runOptions(command: Command): Command {
  return command
    .argument("<experiment>", "the experiment's module, a TypeScript or JavaScript file")
    .option("--workers <number>", "workers that training waits for", atLeastOne, 2)
    .option("--epochs <number>", "epochs to train")
    .option("--seed <number>", "seed of everything random")
    .addOption(
      new Option("--schedule <name>", "which block moves when").choices(
        Object.values(scheduleNames),
      ),
    )
    .option("--shared-epochs <number>", "epochs of a shared phase (ate-sg)")
    .option("--head-epochs <number>", "epochs of a head phase (ate-sg)")
    .addOption(setOption())
    .option("--out <folder>", "run folder (default: runs/NAME-TIME)")
    .option("--json", "print the result as one line of JSON", false);
}

function setOption(): Option {
  return new Option(
    "--set <key=value>",
    "an option of the experiment or a field of the run; repeatable",
  ).argParser(assignment);
}

function backendOption(): Option {
  return new Option("--backend <name>", "where tensors are computed")
    .choices(["auto", ...backendNames])
    .default("auto");
}

function checkpointOption(): Option {
  return new Option(
    "--checkpoint <name>",
    "weights to use (default: those that the run ended with)",
  ).choices(["best", "last"]);
}

function names(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

function assignment(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It should be KEY=VALUE.");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

function atLeastOne(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It should be a whole number, at least 1.");
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError("It should be a whole number from 0 to 65535.");
}

function address(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  if (at < 1) throw new InvalidArgumentError("It should be HOST:PORT, as 127.0.0.1:7070.");
  return { host: text.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: port(text.slice(at + 1)) };
}
