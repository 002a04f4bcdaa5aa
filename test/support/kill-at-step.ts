import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RolloutJournal, RolloutStep } from "../../src/workflows/rollout/journal.ts";
import type { HowdahMachine } from "./howdah-machine.ts";

/** What a site's journal says; undefined when no rollout is under way or cut off. */
export async function journalOf(machine: HowdahMachine, site: string): Promise<RolloutJournal | undefined> {
  const file = join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "rollouts", `${site}.json`);
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as RolloutJournal);
}

/** Runs a command and kills it (SIGKILL) when the site's journal names the step. Answers the step that it died at; undefined when it ended before. */
export async function killAtStep(
  machine: HowdahMachine,
  site: string,
  step: RolloutStep,
  ...argv: readonly string[]
): Promise<RolloutStep | undefined> {
  const { pid, done } = machine.start(...argv);
  const ended = new AbortController();
  void done.then(() => {
    ended.abort();
  });
  while (!ended.signal.aborted) {
    if ((await journalOf(machine, site))?.step === step) {
      process.kill(pid, "SIGKILL");
      break;
    }
    await sleep(1);
  }
  await done;
  return (await journalOf(machine, site))?.step;
}
