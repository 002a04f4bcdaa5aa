import { setTimeout as sleep } from "node:timers/promises";
import { daemonRuns, lastWords } from "./machine.ts";
import type { Settings } from "./settings.ts";

/** Asks every 200 ms until `check` says yes. The error says what did not come within 2 minutes, with the last lines of the daemon that is asked for. */
export async function until(
  settings: Settings,
  what: string,
  [machine, daemon]: readonly [string, string],
  check: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    if (await check().catch(() => false)) return;
    const dead = !(await daemonRuns(settings, machine, daemon));
    if (dead || performance.now() > deadline) {
      const words = await lastWords(settings, machine, daemon);
      throw new Error(`${what} ${dead ? `is not ready: ${daemon} has ended` : "is not ready after 2 minutes"}. Its last words:\n${words}`);
    }
    await sleep(200);
  }
}
