import { loadavg } from "node:os";
import { directoryStore, sqlOf } from "../../test/support/backup-rig.ts";
import { faultSite } from "../../test/support/fault-site.ts";
import { howdahMachine } from "../../test/support/howdah-machine.ts";

/** How many good runs were called bad (D2). */
export interface GoodRuns {
  readonly runs: number;
  readonly falseAlarms: number;
  readonly alarms: readonly string[];
  readonly seconds: number;
  readonly load: number;
}

/** Backs a small site up, while a row changes between, and proves it by restoring, again and again: nothing is wrong, so nothing may be reported. */
export async function goodRuns(count: number, say: (line: string) => void): Promise<GoodRuns> {
  const machine = await howdahMachine("bench-good", 18_990);
  const began = performance.now();
  const alarms: string[] = [];
  try {
    await machine.ok("up", (await faultSite(machine, "small")).directory);
    await directoryStore(machine);
    await sqlOf(machine, "small", "CREATE TABLE numbers (n INT PRIMARY KEY);");
    for (let at = 1; at <= count; at += 1) {
      await sqlOf(machine, "small", `INSERT INTO numbers VALUES (${String(at)});`);
      const { code, stderr, stdout } = await machine.howdah("backup", "now", "small");
      if (code !== 0 || !stdout.includes("verified by restoring")) alarms.push(`run ${String(at)}: ${stdout}${stderr}`.slice(0, 2000));
      if (at % 10 === 0) say(`${String(at)} runs, ${String(alarms.length)} false alarms`);
    }
    const seconds = (performance.now() - began) / 1000;
    return { runs: count, falseAlarms: alarms.length, alarms, seconds, load: loadavg()[0] ?? 0 };
  } finally {
    await machine.remove();
  }
}
