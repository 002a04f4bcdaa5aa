import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BreedJournal } from "../../src/workflows/dataset/breed-journal.ts";
import type { Generation, GenerationState } from "../../src/workflows/dataset/generation.ts";
import type { HowdahMachine, Said } from "../../test/support/howdah-machine.ts";
import { mark } from "./marked-site.ts";

/** What breeds did so far; written by who breeds, read by who makes environments. */
export interface Breeding {
  /** When each began and ended, by the clock of `performance`. */
  readonly began: number[];
  readonly ended: number[];
  /** By generation: of which moment its data is. */
  readonly moments: Map<string, number>;
  readonly killed: Partial<Record<string, number>>;
  published: number;
  /** Breeds that nobody killed and that failed. */
  failed: number;
}

/** The steps that a breed is killed at, one after another; `sealed` is over in milliseconds, so that one is often `current` when it dies. */
const KILLED_AT = ["masking", "capturing", "sealed", "preflight", "verifying", "raw", "scrubbing"] as const;

const LOOK_MS = 2;
const PAUSE_MS = 2000;

/** Breeds one generation after another; two of three are killed, at one step after another. Production has other data each time. */
export async function breedAgain(
  machine: HowdahMachine,
  breeding: Breeding,
  over: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  let kills = 0;
  for (let moment = 2; !over.aborted; moment++) {
    const step = moment % 3 === 1 ? undefined : KILLED_AT[kills++ % KILLED_AT.length];
    await mark(machine, moment);
    breeding.began.push(performance.now());
    await breed(machine, { moment, step }, breeding, say);
    breeding.ended.push(performance.now());
    await sleep(PAUSE_MS);
  }
}

async function breed(
  machine: HowdahMachine,
  { moment, step }: { readonly moment: number; readonly step: GenerationState | undefined },
  breeding: Breeding,
  say: (line: string) => void,
): Promise<void> {
  const started = machine.start("dataset", "breed", "shop", "--output", "json");
  const ended = new AbortController();
  const done = started.done.finally(() => {
    ended.abort();
  });
  let generation = "";
  for (; !ended.signal.aborted; await sleep(LOOK_MS)) {
    const journal = journalOf(machine);
    if (journal?.runner.startsWith(`${String(started.pid)}-`) !== true) continue; // one that was killed before
    generation = journal.generation;
    breeding.moments.set(generation, moment);
    if (journal.step !== step) continue;
    if (step !== "sealed") await sleep(Math.random() * 300); // somewhere in it
    if (!ended.signal.aborted) process.kill(started.pid, "SIGKILL");
    break;
  }
  note(await done, { generation, at: journalOf(machine)?.step ?? "current" }, breeding, say);
}

function note(
  { code, stdout, stderr }: Said,
  { generation, at }: { readonly generation: string; readonly at: GenerationState },
  breeding: Breeding,
  say: (line: string) => void,
): void {
  if (code === 0) {
    breeding.published += 1;
    say(`${(JSON.parse(stdout) as Generation).id} is published`);
  } else if (code === 137) {
    breeding.killed[at] = (breeding.killed[at] ?? 0) + 1;
    say(`${generation} was killed while it was ${at}`);
  } else {
    breeding.failed += 1;
    say(`a breed failed: ${stderr}`);
  }
}

function journalOf(machine: HowdahMachine): BreedJournal | undefined {
  try {
    return JSON.parse(
      readFileSync(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "datasets/journals/shop.json"), "utf8"),
    ) as BreedJournal;
  } catch {
    return undefined;
  }
}
