import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { memoryOfSites, type SitesMemory } from "../idle/memory-of-sites.ts";

const WORD = "bench-env";
const PORT = 18_650;
const READER = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

/** Milliseconds. */
export interface Spread {
  readonly median: number;
  readonly slowest: number;
}

/** What environments cost. */
export interface EnvironmentCosts {
  /** Of the database that they are copies of. */
  readonly databaseBytes: number;
  /** One after another, from the command to the end of the first page. */
  readonly alone: Spread & { readonly stages: Readonly<Record<string, number>> };
  readonly reset: Spread;
  readonly deleted: Spread;
  /** `count` commands at the same time. */
  readonly atOnce: Spread & { readonly count: number; readonly seconds: number; readonly memory: SitesMemory; readonly diskBytes: number };
}

const SITE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  runtime: {php: "8.4"}
  web: {root: public}
  database: {}
  mounts: {public/uploads: {}}
  hooks: {install: {sql: install.sql}}
  environments: {limit: 200}
`;

/** A page that asks its database; `?fill=N` writes N rows of a kilobyte and N files. */
const PAGE = `<?php
header('Cache-Control: no-store');
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
for ($i = 0; $i < (int) ($_GET['fill'] ?? 0); $i++) {
    $db->query("INSERT INTO items (text) SELECT REPEAT(UUID(), 28) FROM seq_1_to_1000");
    file_put_contents(__DIR__ . '/uploads/' . uniqid() . '.txt', str_repeat('x', 1000));
}
echo 'rows: ', $db->query('SELECT COUNT(*) FROM items')->fetch_row()[0];
`;

/** Makes environments of a site with a database of so many megabytes: one after another, and `count` at once. */
export async function environmentCosts(count: number, megabytes: number, say: (line: string) => void): Promise<EnvironmentCosts> {
  const machine = await howdahMachine(WORD, PORT, { HOWDAH_DATASET_GIB: String(Math.max(4, Math.ceil(megabytes / 200))) });
  try {
    await install(machine, megabytes);
    say(`the site has a database of ${String(megabytes)} MB`);
    await machine.ok("env", "create", "first", "shop", "--clone-of", "base");
    const stages: Record<string, number>[] = [];
    const alone: number[] = [];
    for (let round = 0; round < 5; round++) {
      const made = await create(machine, `alone-${String(round)}`);
      alone.push(made.milliseconds);
      stages.push(made.stages);
      say(`alone: ${String(Math.round(made.milliseconds))} ms`);
    }
    const timed = async (verb: string): Promise<number[]> => {
      const all: number[] = [];
      for (let round = 0; round < 5; round++)
        all.push(await timeOf(() => machine.ok("env", verb, `alone-${String(round)}`, "shop", "--yes")));
      return all;
    };
    const reset = await timed("reset");
    const deleted = await timed("delete");
    const began = performance.now();
    const many = await Promise.all(Array.from({ length: count }, (_, index) => create(machine, `many-${String(index)}`)));
    const seconds = (performance.now() - began) / 1000;
    say(`${String(count)} at once: ${seconds.toFixed(1)} s`);
    const memory = await memoryOfSites(`t-${WORD}.shop--many-`);
    const listed = JSON.parse((await machine.ok("env", "ls", "shop", "--sizes", "--output", "json")).stdout) as readonly {
      readonly name: string;
      readonly ownBytes: number;
    }[];
    const disk = listed.filter(({ name }) => name.startsWith("many-")).reduce((sum, one) => sum + one.ownBytes, 0);
    return {
      databaseBytes: megabytes * 1024 ** 2,
      alone: { ...spread(alone), stages: medians(stages) },
      ...{ reset: spread(reset), deleted: spread(deleted) },
      atOnce: {
        ...spread(many.map(({ milliseconds }) => milliseconds)),
        ...{ count, seconds, diskBytes: Math.round(disk / count) },
        memory: { containers: Math.round(memory.containers / count), helpers: Math.round(memory.helpers / count) },
      },
    };
  } finally {
    await remove(machine);
  }
}

async function install(machine: HowdahMachine, megabytes: number): Promise<void> {
  const code = join(machine.directory, "shop");
  await mkdir(join(code, "public"), { recursive: true });
  await writeFile(join(code, "public/index.php"), PAGE);
  await writeFile(join(code, "install.sql"), "CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT);\n");
  await writeFile(join(code, "howdah.yaml"), SITE);
  await machine.ok("up", code);
  await machine.ok("env", "create", "base", "shop", "--fresh");
  for (let filled = 0; filled < megabytes; filled += 10)
    await machine.get("base.shop.localhost", `/?fill=${String(Math.min(10, megabytes - filled))}`, { headers: READER });
}

interface Made {
  readonly milliseconds: number;
  readonly stages: Record<string, number>;
}

async function create(machine: HowdahMachine, name: string): Promise<Made> {
  let stages: Record<string, number> = {};
  const milliseconds = await timeOf(async () => {
    const { stdout } = await machine.ok("env", "create", name, "shop", "--clone-of", "base", "--output", "json");
    const { timings } = JSON.parse(stdout) as { readonly timings: readonly { readonly stage: string; readonly milliseconds: number }[] };
    stages = Object.fromEntries(timings.map((one) => [one.stage, one.milliseconds]));
    const { status, body } = await machine.get(`${name}.shop.localhost`, "/", { headers: READER });
    if (status !== 200 || !body.startsWith("rows: ")) throw new Error(`${name} answers ${String(status)}: ${body.slice(0, 200)}`);
  });
  return { milliseconds, stages };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function remove(machine: HowdahMachine): Promise<void> {
  const { stdout } = await machine.howdah("env", "ls", "--output", "json");
  for (const { namespace } of JSON.parse(stdout === "" ? "[]" : stdout) as { readonly namespace: string }[])
    await machine.howdah("env", "delete", namespace, "--yes");
  await machine.howdah("agent", "--stop");
  const storage = join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "dataset-storage/mount");
  if ((await readdir(storage).catch(() => [])).length > 0) await run(["umount", storage], { accept: "any" });
  await machine.remove();
}

function spread(all: readonly number[]): Spread {
  const sorted = all.toSorted((a, b) => a - b);
  return { median: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0), slowest: Math.round(sorted.at(-1) ?? 0) };
}

function medians(stages: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = new Set(stages.flatMap((one) => Object.keys(one)));
  return Object.fromEntries([...names].map((name) => [name, spread(stages.map((one) => one[name] ?? 0)).median]));
}
