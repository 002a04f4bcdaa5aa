import type { Diagnostic, Path } from "../../kernel/diagnostic.ts";
import type { DeclaredSite } from "../schema/site-document.ts";
import type { Cron, HookStep, MigrationTerms, Site, Worker } from "../site.ts";
import { secondsOf } from "./quantity.ts";
import { splitWords } from "./words.ts";

type Spec = DeclaredSite["spec"];
type Hook = NonNullable<Spec["hooks"]["install"]>;
type Migrate = Spec["hooks"]["migrate"];
type Migration = Extract<Migrate, { run: unknown }>;

/** Hooks, crons and workers as argument arrays. Findings about commands are pushed to `diagnostics`. */
export function resolveCommands(spec: Spec, diagnostics: Diagnostic[]): Pick<Site, "hooks" | "migration" | "crons" | "workers"> {
  const argv = (command: string | readonly string[], path: Path): readonly string[] => argvOf(command, path, diagnostics);
  const steps = (hook: "build" | "install" | "postDeploy"): HookStep[] => hookSteps(spec.hooks[hook], ["spec", "hooks", hook], argv);
  const { migrate } = spec.hooks;
  const path = ["spec", "hooks", "migrate", ...(isMigration(migrate) ? ["run"] : [])];
  const migrateSteps = hookSteps(isMigration(migrate) ? migrate.run : migrate, path, argv);
  return {
    hooks: { build: steps("build"), install: steps("install"), migrate: migrateSteps, postDeploy: steps("postDeploy") },
    migration: migrationTerms(migrate, migrateSteps),
    crons: byName(spec.crons).map(
      ([name, cron]): Cron => ({
        name,
        schedule: cron.schedule,
        argv: argv(cron.command, ["spec", "crons", name, "command"]),
        timeoutSeconds: secondsOf(cron.timeout),
        timeZone: cron.timeZone ?? spec.timeZone,
        overlap: cron.overlap,
        missedSeconds: cron.missed === "skip" ? 0 : secondsOf(cron.missed),
      }),
    ),
    workers: byName(spec.workers).map(
      ([name, worker]): Worker => ({ name, argv: argv(worker.command, ["spec", "workers", name, "command"]), replicas: worker.replicas }),
    ),
  };
}

/** True for the long form of `spec.hooks.migrate`. */
export function isMigration(migrate: Migrate): migrate is Migration {
  return typeof migrate === "object" && "run" in migrate;
}

/** A migration of SQL files alone is made of them. */
function migrationTerms(migrate: Migrate, steps: readonly HookStep[]): MigrationTerms {
  const files = steps.every((step) => "sql" in step) ? steps.flatMap((step) => ("sql" in step ? [`/${step.sql}`] : [])) : [];
  if (!isMigration(migrate)) return { watch: files, repeatable: false, timeoutSeconds: 3600, dump: true, unsafe: "warn" };
  const { watch = files, repeatable, timeout, dump, unsafe } = migrate;
  return { watch: [...new Set(watch)].sort(), repeatable, timeoutSeconds: secondsOf(timeout), dump, unsafe };
}

/** Entries sorted by key in code point order, whatever order the file has. */
export function byName<Value>(record: Readonly<Record<string, Value>>): readonly (readonly [string, Value])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

type Argv = (command: string | readonly string[], path: Path) => readonly string[];

function argvOf(command: string | readonly string[], path: Path, diagnostics: Diagnostic[]): readonly string[] {
  if (typeof command !== "string") {
    if (command[0] !== "") return command;
    diagnostics.push({
      code: "site/command",
      severity: "error",
      path,
      message: "the command's first word is empty",
      hint: "Name a program.",
    });
    return [];
  }
  const result = splitWords(command);
  if ("words" in result) return result.words;
  diagnostics.push({ code: "site/command", severity: "error", path, message: `the command ${result.problem}`, hint: result.hint });
  return [];
}

/**
 * A hook is one step or a list of steps; a step is a text, an SQL file, or a list of words. A list of plain texts is ambiguous: the
 * schema reads it as one command in words when its first entry holds no blank, else as a list of commands.
 */
function hookSteps(hook: Hook | undefined, path: Path, argv: Argv): HookStep[] {
  if (hook === undefined) return [];
  if (!Array.isArray(hook)) return [typeof hook === "string" ? { argv: argv(hook, path) } : hook];
  if (isOneCommand(hook)) return [{ argv: argv(hook, path) }];
  return hook.map((step: string | string[] | { sql: string }, index): HookStep => {
    if (typeof step === "object" && "sql" in step) return step;
    return { argv: argv(step, [...path, index]) };
  });
}

/** `[php, bin/x, --all]` is one command; `[composer install, npm ci]` are two. */
function isOneCommand(hook: readonly unknown[]): hook is readonly string[] {
  return hook.every((entry) => typeof entry === "string") && !/\s/.test(String(hook[0]));
}
