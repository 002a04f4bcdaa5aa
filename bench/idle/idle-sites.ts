import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { availableMemory, memoryOfSites, type SitesMemory } from "./memory-of-sites.ts";

const WORD = "bench-idle";
const PORT = 18_494;
const READER = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

/** From the first byte of a visitor's request to the last of the page, in milliseconds. */
export interface WakeTimes {
  readonly median: number;
  readonly slowest: number;
  /** The same page of the site that is awake. */
  readonly warm: number;
  /** The agent's part: until the pod answers its probe. */
  readonly untilReady: number;
  readonly all: readonly number[];
}

/** Puts WordPress of Debian 13 to sleep and asks for its first page, `count` times. */
export async function wakeTimes(count: number, say: (line: string) => void): Promise<WakeTimes> {
  const machine = await howdahMachine(WORD, PORT);
  try {
    const code = join(await machine.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive"), "usr/share/wordpress");
    await machine.ok("init", code, "--yes", "--name", "drowsy");
    await machine.ok("up", code);
    await compiled(machine);
    const all: number[] = [];
    for (let round = 0; round < count; round++) {
      await machine.ok("idle", "drowsy");
      all.push(await pageTime(machine, "drowsy"));
      say(`wake ${round + 1}: ${Math.round(all.at(-1) ?? 0)} ms`);
      await delay(2500); // the way in leads to the site directly again
    }
    await delay(2000);
    const warm = await pageTime(machine, "drowsy");
    const log = await agentLog(machine);
    const ready = [...log.matchAll(/"woken".*?"milliseconds":(\d+)/g)].map((found) => Number(found[1]));
    return { median: median(all), slowest: Math.max(...all), warm, untilReady: median(ready), all };
  } finally {
    await machine.remove();
  }
}

/** What `count` sites take awake, after one page each, and asleep. */
export interface IdleMemory {
  readonly sites: number;
  readonly awake: SitesMemory;
  readonly asleep: SitesMemory;
  /** By how much the kernel's own count of available memory grew when they fell asleep. */
  readonly givenBack: number;
}

/** Small PHP sites without a database, all of the same images. */
export async function idleMemory(count: number, say: (line: string) => void): Promise<IdleMemory> {
  const machine = await howdahMachine(WORD, PORT);
  const prefix = `t-${WORD}.small-`;
  const names = Array.from({ length: count }, (_, index) => `small-${index}`);
  try {
    const up = async (name: string): Promise<void> => {
      await machine.ok("up", await smallSite(machine, name, names[0] ?? ""));
      say(`${name} is up`);
    };
    await up(names[0] ?? "");
    await sideBySide(names.slice(1), up);
    for (const name of names) await pageTime(machine, name);
    await delay(5000);
    const awake = await memoryOfSites(prefix);
    const before = await availableMemory();
    await sideBySide(names, async (name) => void (await machine.ok("idle", name)));
    await delay(5000);
    return { sites: count, awake, asleep: await memoryOfSites(prefix), givenBack: (await availableMemory()) - before };
  } finally {
    await sideBySide(names, async (name) => {
      await machine.howdah("destroy", name, "--yes"); // one that never came up is no failure
      await machine.howdah("destroy", name, "--purge", "--yes");
    });
    await machine.remove();
  }
}

async function smallSite(machine: HowdahMachine, name: string, first: string): Promise<string> {
  const code = join(machine.directory, name);
  await mkdir(join(code, "public"), { recursive: true });
  await writeFile(join(code, "public/index.php"), `<?php echo "Small site ", getenv("NAME"), "\\n";\n`);
  const spec = "  runtime: { php: '8.4' }\n  web: { root: public }\n";
  await writeFile(
    join(code, "howdah.yaml"),
    `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: { name: ${name} }\nspec:\n${spec}  variables: { NAME: ${name} }\n`,
  );
  const lock = await readFile(join(machine.directory, first, "howdah.lock"), "utf8").catch(() => undefined);
  if (lock !== undefined) await writeFile(join(code, "howdah.lock"), lock);
  return code;
}

/** Four at a time: the machine's work is podman's. The first failure ends it when what is under way has ended. */
async function sideBySide(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names];
  const worker = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  const ended = await Promise.allSettled(
    Array.from({ length: 4 }, () =>
      worker().catch((error: unknown) => {
        left.length = 0;
        throw error;
      }),
    ),
  );
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

function agentLog(machine: HowdahMachine): Promise<string> {
  return readFile(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "agent.log"), "utf8");
}

/** The agent compiles the code once, for all later starts. */
async function compiled(machine: HowdahMachine): Promise<void> {
  const until = Date.now() + 90_000;
  while (!(await agentLog(machine)).includes("code compiled")) {
    if (Date.now() > until) throw new Error("the code was not compiled");
    await delay(500);
  }
}

async function pageTime(machine: HowdahMachine, name: string): Promise<number> {
  const started = performance.now();
  const answer = await machine.get(`${name}.localhost`, "/", { headers: READER });
  if (answer.status !== 200) throw new Error(`${name} answers ${answer.status}`);
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
