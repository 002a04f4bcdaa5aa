import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";
import type { Generation } from "../../src/workflows/dataset/generation.ts";
import { answered } from "../../test/support/backup-rig.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { type Breeding, breedAgain } from "./breed-again.ts";
import { mark, markedSite, marksOf } from "./marked-site.ts";

/** Milliseconds from the command to the end of the first page. */
interface Spread {
  readonly count: number;
  readonly median: number;
  readonly slowest: number;
}

/** D10: environments are made while their dataset is bred again and again, and breeds are killed. */
export interface RefreshUnderLoad {
  readonly seconds: number;
  readonly creations: number;
  /** Commands that failed, and environments whose page did. */
  readonly failed: number;
  /** Environments whose tables and files are not all of the moment that their generation is of. */
  readonly mixed: number;
  /** Creations with a breed beside them from beginning to end. */
  readonly besideBreed: Spread;
  /** Creations without one all the time. */
  readonly alone: Spread;
  readonly published: number;
  /** Breeds that failed without being killed. */
  readonly breedsFailed: number;
  /** By the step that a breed was at when it was killed. */
  readonly killed: Readonly<Partial<Record<string, number>>>;
  readonly load: number;
  /** Volumes and containers of breeds that nobody needs any more, at the end: none. */
  readonly left: readonly string[];
}

interface Creation {
  readonly milliseconds: number;
  /** How long a breed ran meanwhile, as a share of it. */
  readonly beside: number;
  readonly mixed: boolean;
}

const AT_ONCE = 3;
/** So much of the time nothing is bred: what creations take then is measured in the same run. */
const ALONE = 1 / 8;
const EVERY_MS = 5000;

/** Makes an environment every few seconds for so long, three at a time at most, while one breed after another runs beside them and two of three are killed. */
export async function refreshUnderLoad(seconds: number, say: (line: string) => void): Promise<RefreshUnderLoad> {
  const machine = await howdahMachine("bench-refresh", 18_640);
  try {
    await markedSite(machine);
    await mark(machine, 1);
    await machine.ok("dataset", "breed", "shop");
    say("the first dataset is published");
    const breeding: Breeding = { began: [], ended: [], moments: new Map([["g1", 1]]), killed: {}, published: 1, failed: 0 };
    const afterwards = (work: () => Promise<void>): Promise<void> => sleep(seconds * 1000 * ALONE).then(work);
    const over = AbortSignal.timeout(seconds * 1000);
    const [made] = await Promise.all([
      createAgain(machine, breeding, over, say),
      afterwards(() => breedAgain(machine, breeding, over, say)),
    ]);
    const all = made.flatMap((one) => (one === undefined ? [] : [one]));
    return {
      ...{ seconds, creations: made.length, failed: made.length - all.length, mixed: all.filter((one) => one.mixed).length },
      besideBreed: spread(all.filter(({ beside }) => beside === 1)),
      alone: spread(all.filter(({ beside }) => beside === 0)),
      ...{ published: breeding.published, breedsFailed: breeding.failed },
      ...{ killed: breeding.killed },
      ...{ load: loadavg()[0] ?? 0, left: await leftOf(machine) },
    };
  } finally {
    await machine.howdah("dataset", "storage", "destroy", "--yes");
    await machine.remove();
  }
}

/** Undefined: one that failed. */
async function createAgain(
  machine: HowdahMachine,
  breeding: Breeding,
  over: AbortSignal,
  say: (line: string) => void,
): Promise<readonly (Creation | undefined)[]> {
  const going = new Set<Promise<unknown>>();
  const all: Promise<Creation | undefined>[] = [];
  while (!over.aborted) {
    if (going.size < AT_ONCE) {
      const creation = create(machine, `e${String(all.length + 1)}`, breeding).catch((error: unknown) => {
        say(`failed: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      });
      all.push(creation);
      going.add(creation);
      void creation.finally(() => going.delete(creation));
    }
    await sleep(EVERY_MS);
  }
  return await Promise.all(all);
}

async function create(machine: HowdahMachine, name: string, breeding: Breeding): Promise<Creation> {
  const began = performance.now();
  const { data } = await answered<{ readonly data: { readonly generation: string } }>(machine, "env", "create", name, "shop");
  const marks = await marksOf(machine, `${name}.shop.localhost`);
  const ended = performance.now();
  await machine.ok("env", "delete", name, "shop", "--yes");
  const moment = breeding.moments.get(data.generation);
  return { milliseconds: ended - began, beside: besideBreed(breeding, began, ended), mixed: marks.some((one) => one !== moment) };
}

function besideBreed({ began, ended }: Breeding, from: number, to: number): number {
  const together = began.map((at, index) => Math.max(0, Math.min(ended[index] ?? Number.POSITIVE_INFINITY, to) - Math.max(at, from)));
  return together.reduce((sum, one) => sum + one, 0) / (to - from);
}

function spread(creations: readonly Creation[]): Spread {
  const sorted = creations.map(({ milliseconds }) => Math.round(milliseconds)).toSorted((a, b) => a - b);
  return { count: sorted.length, median: sorted[Math.floor(sorted.length / 2)] ?? 0, slowest: sorted.at(-1) ?? 0 };
}

/** After one more breed, which ends the one that was killed last. */
async function leftOf(machine: HowdahMachine): Promise<readonly string[]> {
  await machine.ok("dataset", "breed", "shop");
  const { volumes } = await answered<{ readonly volumes: readonly { readonly id: string }[] }>(machine, "dataset", "storage");
  const known = await answered<readonly Generation[]>(machine, "dataset", "ls", "shop");
  const needed = new Set(known.filter(({ state }) => state === "current").flatMap((one) => one.volumes.map(({ snapshot }) => snapshot)));
  const { stdout } = await run(["podman", "ps", "--all", "--format={{.Names}}", "--filter=name=^t-bench-refresh._dataset"]);
  const containers = stdout.split("\n").filter((name) => name !== "");
  return [...volumes.map(({ id }) => id).filter((id) => id.startsWith("shop") && !needed.has(id)), ...containers];
}
