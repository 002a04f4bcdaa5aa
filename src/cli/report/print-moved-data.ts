import { errorCatalog } from "../../kernel/error-catalog.ts";
import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { MovedData } from "../../workflows/data-move/move-data.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { plural } from "./plural.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

/** More lines than anybody reads; JSON has them all. */
const SHOWN = 20;

/** The answer of `migrate-data` and `files push`: what was brought, what was left out, what differs. */
export function printMovedData(moved: MovedData, context: CliContext): number {
  const { terminal } = context;
  const isSame = moved.differences.length === 0 && moved.errors.length === 0;
  const code = isSame ? 0 : errorCatalog["data/differs"].exit;
  if (terminal.output === "json") {
    terminal.out(`${JSON.stringify({ ...moved, same: isSame }, null, 2)}\n`);
    return code;
  }
  const style = styleFor(terminal.color);
  const { files, bytes, transferred, sent, deleted, milliseconds } = moved;
  const how = moved.verified === "checksum" ? "every byte compared" : "sizes and times compared";
  const verdict = isSame ? `${style.green("✓")} the same on both sides (${how})` : `${style.red("✗")} not the same on both sides (${how})`;
  terminal.out(`\n${verdict}\n`);
  terminal.err(
    `  ${style.dim(`${plural(files, "file")}, ${readableBytes(bytes)} in ${terminalText(moved.path)} of ${moved.namespace}; this time ${plural(transferred, "file")}, ${readableBytes(sent)} over the wire${deleted === 0 ? "" : `, ${String(deleted)} deleted`}, ${seconds(milliseconds)}`)}\n`,
  );
  terminal.err(`  ${style.dim(`all belong to ${moved.owner}, whom sites run as`)}\n`);
  const left = moved.leftOut.map(({ path, why }) => [why === "link" ? "link out of the tree" : "no file", terminalText(path)]);
  if (left.length > 0) terminal.err(`\nLeft out:\n${table(left.slice(0, SHOWN))}${rest(left.length)}`);
  if (moved.differences.length > 0)
    terminal.out(
      `\n${table(moved.differences.slice(0, SHOWN).map(({ path, what }) => [what, terminalText(path)]))}${rest(moved.differences.length)}`,
    );
  for (const line of moved.errors.slice(0, SHOWN)) terminal.err(`  ${terminalText(line)}\n`);
  if (!isSame) terminal.err(`\n${errorCatalog["data/differs"].hint}\n`);
  return code;
}

function rest(count: number): string {
  return count > SHOWN ? `… ${String(count - SHOWN)} more (--output json has all)\n` : "";
}
