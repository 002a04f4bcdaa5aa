import type { UpDone } from "../../workflows/up/run-up.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { plural } from "./plural.ts";
import { styleFor } from "./style.ts";
import { terminalText } from "./terminal-text.ts";

/** The answer of `up`: the URL, and what a person needs next. */
export function printUp(done: UpDone, context: CliContext): number {
  const { record, steps, timings, health, credentials, release, answeringMs } = done;
  if (context.terminal.output === "json") {
    context.terminal.out(
      `${JSON.stringify({ site: record.namespace, url: record.url, release, released: done.released, code: record.releaseId, answeringMs, images: record.images, health, steps: steps.map(({ do: verb, key, because }) => ({ do: verb, key, because })), timings, ...(credentials === null ? {} : { credentials }) }, null, 2)}\n`,
    );
    return 0;
  }
  const style = styleFor(context.terminal.color);
  const login =
    credentials === null
      ? ""
      : `  log in as ${style.bold(terminalText(credentials.user))} with ${style.bold(terminalText(credentials.password))} (shown once; kept in the secret store)\n`;
  context.terminal.out(`\n${style.green("✓")} ${record.namespace} is at ${style.bold(record.url)}\n`);
  context.terminal.err(
    `${login}  ${style.dim(`${done.released ? `release ${release ?? ""}, ${plural(steps.length, "change")}` : "nothing changed"}, answering after ${seconds(answeringMs)} · howdah logs ${record.namespace} · howdah status`)}\n`,
  );
  return 0;
}
