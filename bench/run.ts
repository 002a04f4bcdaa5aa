import { parseArgs } from "node:util";
import { compareSpeed } from "./speed/compare-speed.ts";
import { printComparison } from "./speed/print-comparison.ts";

/**
 * `npm run bench`: Howdah's defaults against Debian's own, in one run on this machine.
 * `--rounds N --seconds N` set the length.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "4" } } });
  const say = (line: string): void => console.error(line);
  const speed = await compareSpeed(Number(values.rounds), Number(values.seconds), say);
  console.log(printComparison(speed.rows));
  console.log(JSON.stringify({ memory: speed.memory, opcache: speed.opcache }, null, 2));
  const missed = speed.rows.filter((row) => row.side === "Howdah" && row.ratio < row.goal);
  for (const row of missed) console.error(`missed: ${row.load}: ${row.ratio.toFixed(2)} instead of ${row.goal}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

await main();
