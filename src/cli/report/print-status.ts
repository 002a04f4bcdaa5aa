import type { RetainedData } from "../../workflows/ports.ts";
import type { SiteStatus } from "../../workflows/status/site-status.ts";
import type { CliContext } from "../context.ts";
import { cronTable } from "./cron-table.ts";
import { outcomeWords } from "./print-releases.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

/** What `status` has to say. */
export interface StatusAnswer {
  readonly statuses: readonly SiteStatus[];
  readonly retained: readonly RetainedData[];
  readonly agent: { readonly running: boolean; readonly how: string };
  readonly single: boolean;
}

function mebibytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? "-" : `${String(Math.round(bytes / 1024 ** 2))} MiB`;
}

function state(status: SiteStatus): string {
  if (status.condition.reason === "Idle") return "idle";
  return status.condition.status === "True" ? "ready" : status.condition.reason === "ScaledDown" ? "down" : "not ready";
}

/** The answer of `status`; exit code 75 when something that should serve does not. */
export function printStatus(answer: StatusAnswer, context: CliContext): number {
  const { statuses, retained, agent } = answer;
  const failing = statuses.some((status) => status.condition.status !== "True" && status.condition.reason !== "ScaledDown");
  const code = failing ? 75 : 0;
  if (context.terminal.output === "json") {
    const kept = retained.map(({ namespace, keptUntil, volumes }) => ({ name: namespace, keptUntil, volumes }));
    context.terminal.out(`${JSON.stringify(answer.single ? statuses[0] : { sites: statuses, retained: kept, agent }, null, 2)}\n`);
    return code;
  }
  const style = styleFor(context.terminal.color);
  if (statuses.length === 0) context.terminal.out("No site runs on this machine. `howdah up DIR` starts one.\n");
  else if (answer.single) for (const status of statuses) context.terminal.out(details(status));
  else {
    const rows = statuses.map((status) => [
      status.name,
      state(status),
      status.php === null ? "static" : `PHP ${status.php}`,
      mebibytes(total(status)),
      status.url,
    ]);
    context.terminal.out(table([["SITE", "STATE", "RUNTIME", "MEMORY", "URL"], ...rows]));
  }
  if (!answer.single)
    for (const { name, watch } of statuses)
      if (watch !== null)
        context.terminal.err(
          `${style.yellow("!")} ${terminalText(name)} shows files as they are saved${watch.alive ? "" : `, and the command that watched is gone: \`howdah deploy ${terminalText(name)}\` puts a release there`}\n`,
        );
  if (!answer.single)
    for (const { move } of statuses)
      if (move !== null) context.terminal.err(`${style.yellow("!")} ${terminalText(move.site)}: ${terminalText(moveWords(move))}\n`);
  for (const { namespace, keptUntil } of retained)
    context.terminal.err(`${style.dim(`data of the destroyed site ${terminalText(namespace)} is kept until ${keptUntil.slice(0, 10)}`)}\n`);
  const asleep = statuses.some((status) => status.idleSince !== null) ? ", and nobody wakes what sleeps" : "";
  if (!agent.running && statuses.length > 0)
    context.terminal.err(
      `${style.yellow("!")} the agent does not run: nothing restarts what dies, and no cron starts${asleep}. \`howdah agent\` starts it.\n`,
    );
  return code;
}

function total(status: SiteStatus): number | null {
  const known = status.components.flatMap((component) => (component.memoryBytes === null ? [] : [component.memoryBytes]));
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0);
}

/** A backup that was never restored is none that anybody should count on. */
function backupWords({ verified, failure }: NonNullable<SiteStatus["backup"]>): string {
  const proved = verified === null ? "none was proved by restoring yet" : `last verified restore ${verified.at} (${verified.id})`;
  return failure === null ? proved : `${proved}; the last try failed: ${failure}`;
}

/** `running` without a command that runs it was cut off: the next `up` says what came of it. */
function migrationWords({ step, state, at, dump, reason }: NonNullable<SiteStatus["migration"]>): string {
  const before = dump === null ? "" : `; the database before it: ${dump}`;
  return `${step} ${state} at ${at}${reason === null ? "" : `: ${reason}`}${before}`;
}

/** Why the newest release does not serve. */
function failureWords(outcome: NonNullable<SiteStatus["failed"]>): string {
  return "reason" in outcome ? `${outcomeWords(outcome)} (${outcome.reason})` : outcomeWords(outcome);
}

function rolloutWords({ release, step }: NonNullable<SiteStatus["rollout"]>): string {
  return `${release ?? "a new release"} is at "${step}"; if its command was killed, the next one or the agent finishes or undoes it`;
}

function moveWords({ from, to, step, held, startedAt, site }: NonNullable<SiteStatus["move"]>): string {
  const visitors = held ? "; visitors wait" : "";
  return `its database goes from ${from} to ${to} since ${startedAt}, at "${step}"${visitors}; if its command was killed, the agent or \`howdah db move ${site} --abort\` settles it`;
}

function watchWords({ name, watch }: SiteStatus): string {
  if (watch === null) return "";
  if (watch.alive) return `files of ${watch.source} show as they are saved, since ${watch.since}; then ${watch.release} serves again`;
  return `files of ${watch.source} as they were when the command that watched ended without going back; \`howdah deploy ${name}\` makes a release of them, \`howdah rollback ${watch.release} --site ${name}\` goes back`;
}

function details(status: SiteStatus): string {
  const head = table([
    ["site", status.name],
    ["url", status.url],
    ["state", `${state(status)}: ${status.condition.message}`],
    ...(status.idleSince === null ? [] : [["idle since", status.idleSince]]),
    ["runtime", status.php === null ? "static" : `PHP ${status.php}`],
    ["database", status.database ?? "none"],
    ...(status.move === null ? [] : [["move", moveWords(status.move)]]),
    ...(status.backup === null ? [] : [["backup", backupWords(status.backup)]]),
    ...(status.migration === null ? [] : [["migration", migrationWords(status.migration)]]),
    ["release", `${status.release} since ${status.updatedAt}`],
    ...(status.failed === null ? [] : [[`release ${status.failed.release}`, failureWords(status.failed)]]),
    ...(status.rollout === null ? [] : [["rollout", rolloutWords(status.rollout)]]),
    ...(status.watch === null ? [] : [["watch", watchWords(status)]]),
    ["file", status.file],
  ]);
  const components = table([
    ["COMPONENT", "READY", "RESTARTS", "MEMORY"],
    ...status.components.map((one) => [
      one.name,
      `${String(one.ready)}/${String(one.wanted)}`,
      String(one.restarts),
      mebibytes(one.memoryBytes),
    ]),
  ]);
  const volumes =
    status.volumes.length === 0
      ? ""
      : `\n${table([["VOLUME", "USED", "RESERVED"], ...status.volumes.map((one) => [one.claim, mebibytes(one.usedBytes), mebibytes(one.requestedBytes)])])}`;
  const crons = status.crons.length === 0 ? "" : `\n${cronTable(status.crons)}`;
  return `${head}\n${components}${crons}${volumes}`;
}
