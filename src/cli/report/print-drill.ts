import type { DatabaseDrill } from "../../workflows/drill/drill-database.ts";
import type { EdgeDrill } from "../../workflows/drill/drill-edge.ts";
import type { StruckFault } from "../../workflows/drill/drill-place.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

/** The answer of `drill db`. Exit code 1 when something was exceeded. */
export function printDatabaseDrill(drill: DatabaseDrill, context: CliContext): number {
  const words = `${String(drill.acknowledged)} writes were acknowledged: ${String(drill.lost)} lost, ${String(drill.doubled)} applied twice`;
  return print(drill, words, context);
}

/** The answer of `drill lb`. */
export function printEdgeDrill(drill: EdgeDrill, context: CliContext): number {
  return print(drill, `${String(drill.answered)} requests were answered`, context);
}

function print(drill: DatabaseDrill | EdgeDrill, summary: string, { terminal, flags }: CliContext): number {
  const code = drill.exceeded.length === 0 ? 0 : 1;
  if (flags.output === "json") {
    terminal.out(`${JSON.stringify(drill, null, 2)}\n`);
    return code;
  }
  const style = styleFor(terminal.color);
  const head = ["fault", "hit", "silence", "whole after", "errors"];
  const rows = drill.faults.map((one) => [one.fault, one.hit, seconds(one.gapMs), seconds(one.wholeAfterMs), errorWords(one)]);
  terminal.out(table([head, ...rows]));
  terminal.out(`${code === 0 ? style.green("✓") : style.red("✗")} ${summary}\n`);
  for (const sentence of drill.exceeded) terminal.out(`  ${terminalText(sentence)}\n`);
  return code;
}

function errorWords({ errors }: StruckFault): string {
  const words = Object.entries(errors).map(([code, count]) => `${String(count)} × ${code}`);
  return words.length === 0 ? "none" : words.join(", ");
}
