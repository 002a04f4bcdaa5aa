import type { Rebuilt } from "../../workflows/backup/rebuild-sites.ts";
import type { CliContext } from "../context.ts";
import { plural } from "./plural.ts";
import { table } from "./table.ts";

/** The answer of `backup rebuild`: what became of each site, and the sum. Exit code 75 when one failed. */
export function printRebuilt(rebuilt: readonly Rebuilt[], context: CliContext): number {
  const failed = rebuilt.filter(({ outcome }) => outcome === "failed");
  if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(rebuilt, null, 2)}\n`);
  else {
    const done = rebuilt.filter(({ outcome }) => outcome === "rebuilt");
    const rows = done.map(({ namespace, url, backup, at, tables, files }) => [
      ...[namespace, url ?? "", at === null ? `as of ${backup ?? ""}` : `database to ${at.slice(0, 19)}, files as of ${backup ?? ""}`],
      `${tables === null ? "" : `${plural(tables, "table")}, `}${plural(files, "file")}`,
    ]);
    if (rows.length > 0) context.terminal.out(table([["SITE", "URL", "STATE", "RESTORED"], ...rows]));
    const there = rebuilt.length - done.length - failed.length;
    context.terminal.out(`${plural(done.length, "site")} rebuilt, ${String(there)} there already, ${String(failed.length)} failed\n`);
    for (const { namespace, error = "" } of failed) context.terminal.out(`  ${namespace}: ${error}\n`);
    if (failed.length > 0) context.terminal.err("Mend what is named, then run the same command again: it goes on with what is missing.\n");
  }
  return failed.length === 0 ? 0 : 75;
}
