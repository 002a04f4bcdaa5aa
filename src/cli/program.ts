import { Command, Option } from "commander";
import { agentCommand } from "./commands/agent.ts";
import { backupCommand } from "./commands/backup.ts";
import { backupStepCommand } from "./commands/backup-step.ts";
import { buildCommand } from "./commands/build.ts";
import { checkCommand } from "./commands/check.ts";
import { ciCommand } from "./commands/ci.ts";
import { completionCommand } from "./commands/completion.ts";
import { cronCommand } from "./commands/cron.ts";
import { datasetBreedStepCommand } from "./commands/dataset-breed-step.ts";
import { datasetCommand } from "./commands/dataset.ts";
import { dbCommand } from "./commands/db.ts";
import { deployCommand } from "./commands/deploy.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { downCommand } from "./commands/down.ts";
import { drillCommand } from "./commands/drill.ts";
import { envCommand } from "./commands/env.ts";
import { execCommand } from "./commands/exec.ts";
import { explainCommand } from "./commands/explain.ts";
import { filesCommand } from "./commands/files.ts";
import { imageCommand } from "./commands/image.ts";
import { idleCommand } from "./commands/idle.ts";
import { initCommand } from "./commands/init.ts";
import { installCommand, uninstallCommand, upgradeCommand } from "./commands/install.ts";
import { logsCommand } from "./commands/logs.ts";
import { mailCommand } from "./commands/mail.ts";
import { manifestsCommand } from "./commands/manifests.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { operatorCommand } from "./commands/operator.ts";
import { migrateDataCommand } from "./commands/migrate-data.ts";
import { pinCommand } from "./commands/pin.ts";
import { releasesCommand } from "./commands/releases.ts";
import { reviewCommand } from "./commands/review.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { runCommand } from "./commands/run.ts";
import { sbomCommand } from "./commands/sbom.ts";
import { secretCommand } from "./commands/secret.ts";
import { showCommand } from "./commands/show.ts";
import { statusCommand } from "./commands/status.ts";
import { tenantCommand } from "./commands/tenant.ts";
import { testCommand } from "./commands/test.ts";
import { upCommand } from "./commands/up.ts";
import { usageCommand } from "./commands/usage.ts";
import { verifyCommand } from "./commands/verify.ts";
import { wakeCommand } from "./commands/wake.ts";
import type { Action } from "./context.ts";
import { VERSION } from "./version.ts";

/** Tells the runner which command was chosen, with its arguments already read. */
export type Choose = (action: Action) => void;

/** One command's definition: adds itself to the program. */
export type Define = (program: Command, choose: Choose) => void;

/** In the order in which people meet them. */
const commands: readonly Define[] = [
  upCommand,
  deployCommand,
  releasesCommand,
  rollbackCommand,
  initCommand,
  checkCommand,
  showCommand,
  explainCommand,
  buildCommand,
  sbomCommand,
  verifyCommand,
  testCommand,
  ciCommand,
  manifestsCommand,
  pinCommand,
  imageCommand,
  statusCommand,
  logsCommand,
  execCommand,
  runCommand,
  cronCommand,
  dbCommand,
  datasetCommand,
  envCommand,
  reviewCommand,
  mailCommand,
  backupCommand,
  backupStepCommand,
  datasetBreedStepCommand,
  migrateCommand,
  filesCommand,
  migrateDataCommand,
  secretCommand,
  idleCommand,
  wakeCommand,
  downCommand,
  destroyCommand,
  tenantCommand,
  usageCommand,
  drillCommand,
  doctorCommand,
  agentCommand,
  installCommand,
  upgradeCommand,
  uninstallCommand,
  operatorCommand,
  completionCommand,
];

/** The whole command line. Help, the reference page and shell completion are all made from it. */
export function createProgram(choose: Choose): Command {
  const program = new Command("howdah")
    .description("Takes an existing PHP or static site, with one file that describes it, and runs it in containers.")
    .version(VERSION, "-V, --version", "print the version")
    .enablePositionalOptions()
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(`howdah --help` lists the commands)")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah up ./wordpress          run a folder of PHP: detect, build, install, serve\n  howdah status                  what runs here\n  howdah logs -f blog            follow a site's log\n  howdah down blog               stop it; `up` brings it back\n\nExit codes are those of sysexits.h; docs/reference/errors.md lists every error.",
    );
  for (const define of commands) define(program, choose);
  for (const command of [program, ...program.commands]) shareFlags(command);
  return program;
}

/** Flags that every command has, wherever they stand. */
function shareFlags(command: Command): void {
  command
    .addOption(new Option("-o, --output <format>", "how the answer is printed (default: text)").choices(["text", "json"]))
    .option("-v, --verbose", "show what programs print while they work");
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    if (command.parent !== null) shareFlags(child);
  }
}
