import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { EnvironmentRecord } from "../../workflows/environment/environment.ts";
import type { ListedEnvironment } from "../../workflows/environment/list-environments.ts";
import type { ShownEnvironment } from "../../workflows/environment/show-environment.ts";
import type { Credentials } from "../../workflows/up/credentials-of.ts";
import type { UpResult } from "../../workflows/up/up.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

const HOUR_MS = 3_600_000;

/** `howdah env ls`. */
export function printEnvironments(environments: readonly ListedEnvironment[], context: CliContext, now: number): void {
  const { terminal } = context;
  if (context.flags.output === "json") return terminal.out(`${JSON.stringify(environments, null, 2)}\n`);
  if (environments.length === 0) return terminal.out("There are no environments: `howdah env create NAME SITE` makes one.\n");
  const rows = environments.map((one) => [
    one.namespace,
    one.state,
    codeOf(one.code),
    dataOf(one.data),
    one.owner,
    untilOf(one, now),
    ...(one.ownBytes === null ? [] : [readableBytes(one.ownBytes)]),
    whereOrWhy(one),
  ]);
  terminal.out(table(rows));
  for (const { namespace, lifetime } of environments)
    if (lifetime.state !== "alive")
      terminal.err(`! ${namespace}: its time is over; \`howdah env extend ${namespace} --ttl 3d\` keeps it\n`);
}

/** One that serves is where it is, also when something newer does not. */
function whereOrWhy({ state, because, url }: ListedEnvironment): string {
  if (because === null) return url ?? "";
  const serves = url !== null && ["running", "asleep", "down", "changing"].includes(state);
  return serves ? `${url} (${terminalText(because)})` : terminalText(because);
}

/** `howdah env show`. */
export function printEnvironment(shown: ShownEnvironment, context: CliContext, now: number): void {
  const { terminal } = context;
  if (context.flags.output === "json") return terminal.out(`${JSON.stringify(shown, null, 2)}\n`);
  const rows: (readonly [string, string])[] = [
    ["environment", shown.namespace],
    ["state", shown.because === null ? shown.state : `${shown.state}: ${shown.because}`],
    ["address", shown.url ?? "none yet"],
    ...(shown.password === null ? [] : ([["password", `${shown.user} / ${shown.password}`]] as const)),
    ...(shown.mailUrl === null ? [] : ([["mails", shown.mailUrl]] as const)),
    ["code", codeOf(shown.code)],
    ["data", dataOf(shown.data)],
    ["own bytes", shown.ownBytes === null ? "not counted" : readableBytes(shown.ownBytes)],
    ["may call", shown.allow.length === 0 ? "nobody" : shown.allow.join(", ")],
    ["owner", shown.owner],
    ["until", untilOf(shown, now)],
  ];
  terminal.out(table(rows));
}

/** `howdah env open`. */
export function printOpened({ url, user, password }: ShownEnvironment, { terminal, flags }: CliContext): void {
  const login = password === null ? {} : { user, password };
  terminal.out(flags.output === "json" ? `${JSON.stringify({ url, ...login })}\n` : `${url ?? ""}\n`);
  if (password !== null && flags.output !== "json") terminal.err(`  user ${user}, password ${password}\n`);
}

/** `howdah env extend`. */
export function printExtended(environment: string, until: string | null, { terminal, flags }: CliContext): void {
  const words = until === null ? "until somebody deletes it" : `until ${until}`;
  terminal.out(flags.output === "json" ? `${JSON.stringify({ environment, until })}\n` : `${environment} lives ${words}\n`);
}

/** `howdah env delete`; `deleted` false: there was none. */
export function printDeleted(environment: string, deleted: boolean, { terminal, flags }: CliContext): number {
  const answer = { environment: deleted ? environment : null, deleted };
  const words = deleted ? `${environment} is deleted` : `${environment} is not there`;
  terminal.out(flags.output === "json" ? `${JSON.stringify(answer)}\n` : `${words}\n`);
  return 0;
}

/** What is told of an environment that was made, here or on a cluster. */
export interface MadeEnvironment extends Pick<UpResult, "timings" | "answeringMs" | "release" | "released"> {
  readonly environment: Pick<EnvironmentRecord, "namespace" | "data" | "code" | "until">;
  readonly record: { readonly url: string };
  /** Null: somebody else has asked it. */
  readonly health: UpResult["health"] | null;
  readonly credentials?: Credentials | null;
  /** The context of the cluster that it is on. */
  readonly on?: string;
}

/** The answer of whatever makes one: its address. */
export function printMade(made: MadeEnvironment, context: CliContext): number {
  const { environment, record, timings, health, answeringMs, release, released, credentials = null } = made;
  const { namespace, data, code, until } = environment;
  if (context.flags.output === "json") {
    const answer = {
      environment: namespace,
      url: record.url,
      code,
      data,
      until,
      release,
      released,
      answeringMs,
      health,
      timings,
      ...(credentials === null ? {} : { credentials }),
    };
    context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return 0;
  }
  const style = styleFor(context.terminal.color);
  context.terminal.out(`\n${style.green("✓")} ${namespace} is at ${style.bold(record.url)}\n`);
  if (credentials !== null)
    context.terminal.err(`  log in as ${terminalText(credentials.user)} with ${terminalText(credentials.password)} (shown once)\n`);
  const words = [dataOf(data), codeOf(code), until === null ? "stays" : `until ${until.slice(0, 16).replace("T", " ")}`];
  context.terminal.err(
    `  ${style.dim(`${words.join(" · ")}, answering after ${seconds(answeringMs)} · howdah env show ${namespace}${made.on === undefined ? "" : ` --context ${made.on}`}`)}\n`,
  );
  return 0;
}

function codeOf(code: EnvironmentRecord["code"]): string {
  if (code.kind === "release") return code.release;
  const commit = code.commit.slice(0, 10);
  return code.branch === null ? commit : `${terminalText(code.branch)}@${commit}`;
}

function dataOf(data: EnvironmentRecord["data"]): string {
  if (data.kind === "dataset") return data.generation;
  return data.kind === "fresh" ? "fresh" : `of ${data.of}`;
}

function untilOf({ until, lifetime }: Pick<ListedEnvironment, "until" | "lifetime">, now: number): string {
  if (until === null) return "stays";
  if (lifetime.state === "due") return "over";
  if (lifetime.state === "over") return `over, deleted in ${hours(lifetime.leftMs)}`;
  return `${hours(Date.parse(until) - now)} left`;
}

function hours(milliseconds: number): string {
  const whole = Math.max(1, Math.round(milliseconds / HOUR_MS));
  return whole < 48 ? `${String(whole)} h` : `${String(Math.round(whole / 24))} d`;
}
