import { appendFile, readFile, writeFile } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { finished } from "node:stream/promises";
import { machineLimits } from "../../src/engine/podman/machine-limits.ts";
import { podmanPrivateServers } from "../../src/providers/dataset/podman-private-servers.ts";
import { run } from "../../src/providers/process.ts";
import type { DatasetReport } from "../../src/workflows/dataset/dataset-report.ts";
import type { Generation } from "../../src/workflows/dataset/generation.ts";
import { startTrial } from "../../src/workflows/dataset/trial-server.ts";
import type { SiteRecord } from "../../src/workflows/ports.ts";
import { answered } from "../../test/support/backup-rig.ts";
import { faultSite } from "../../test/support/fault-site.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { wordpressRows, wordpressStatements } from "./fill-wordpress.ts";
import { type MaskWays, maskWays } from "./mask-ways.ts";

/** What visitors noticed: milliseconds. */
interface Visits {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

/** One breed beside visitors, and the ways of masking on the same data. */
export interface BreedTimes {
  readonly people: number;
  readonly rows: number;
  readonly megabytes: number;
  readonly breedSeconds: number;
  readonly steps: DatasetReport["steps"];
  readonly quiet: Visits;
  readonly during: Visits;
  readonly p99Ratio: number;
  readonly ways: readonly MaskWays[];
  readonly load: number;
}

const RULES = `  dataset:
    language: de
    presets: [wordpress]
    tables:
      howdah_ledger: keep
      installs: keep
      migrations: keep
    files:
      - {match: "**", action: keep, reason: a bench}
`;

/** Reads a post with its comments, and writes one comment. */
const PAGE = `<?php
require dirname(__DIR__) . '/database.php';
$database = database();
$post = random_int(1, 900);
$database->query("SELECT post_title FROM wp_posts WHERE ID = $post")->fetch_row();
$database->query("SELECT comment_content FROM wp_comments WHERE comment_post_ID = $post LIMIT 20")->fetch_all();
$database->query("INSERT INTO wp_comments (comment_post_ID, comment_author, comment_content, comment_date, comment_date_gmt) VALUES ($post, 'bench', 'bench', NOW(), NOW())");
echo 'ok';
`;
const PER_SECOND = 20;

/** Breeds a shop's dataset while visitors read and write it, twenty requests a second, whatever they take. */
export async function breedTimes(people: number, say: (line: string) => void): Promise<BreedTimes> {
  const machine = await howdahMachine("bench-breed", 18_966);
  try {
    const site = await faultSite(machine, "shop");
    await writeFile(join(site.directory, "public", "visit.php"), PAGE);
    await appendFile(join(site.directory, "howdah.yaml"), RULES);
    await machine.ok("up", site.directory);
    say(`filling ${String(wordpressRows(people))} rows`);
    await fill(machine, people);
    say("visitors alone");
    const quiet = await visits(machine, sleep(30_000));
    say("visitors beside a breed");
    const began = performance.now();
    let breedSeconds = 0;
    const breed = answered<Generation>(machine, "dataset", "breed", "shop").finally(() => {
      breedSeconds = (performance.now() - began) / 1000;
    });
    const during = await visits(machine, breed);
    const { volumes } = await breed;
    const { steps, capturedBytes } = await answered<DatasetReport>(machine, "dataset", "report", "shop");
    const ways = await onClone(machine, volumes[0]?.snapshot ?? "", say);
    return {
      ...{ people, rows: wordpressRows(people), megabytes: Math.round(capturedBytes / 1e6), breedSeconds, steps, quiet, during },
      ...{ p99Ratio: during.p99 / quiet.p99, ways, load: loadavg()[0] ?? 0 },
    };
  } finally {
    await machine.howdah("dataset", "storage", "destroy", "--yes");
    await machine.remove();
  }
}

async function fill(machine: HowdahMachine, people: number): Promise<void> {
  const file = join(machine.directory, "fill.sql");
  const sink = createWriteStream(file);
  for (const statement of wordpressStatements(people)) sink.write(`${statement}\n`);
  sink.end();
  await finished(sink);
  await machine.ok("db", "import", "shop", file, "--yes");
}

async function visits(machine: HowdahMachine, until: Promise<unknown>): Promise<Visits> {
  const took: number[] = [];
  const running: Promise<void>[] = [];
  let failed = 0;
  const over = new AbortController();
  void until.catch(() => undefined).then(() => over.abort());
  const visit = async (): Promise<void> => {
    const began = performance.now();
    const { status } = await machine.get("shop.localhost", "/visit.php").catch(() => ({ status: 0 }));
    took.push(performance.now() - began);
    if (status !== 200) failed += 1;
  };
  for (let next = performance.now(); !over.signal.aborted; next += 1000 / PER_SECOND) {
    await sleep(Math.max(0, next - performance.now()));
    running.push(visit());
  }
  await Promise.all(running);
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { requests: took.length, failed, p50: at(0.5), p99: at(0.99), slowest: at(1) };
}

/** On a copy of what was published, in a server without a network, as the breeder has one. */
async function onClone(machine: HowdahMachine, snapshot: string, say: (line: string) => void): Promise<readonly MaskWays[]> {
  const { root } = await answered<{ readonly root: string }>(machine, "dataset", "storage");
  const directory = join(machine.directory, "clone");
  await run(["cp", "-a", join(root, "volumes", snapshot, "data"), directory]);
  const limits = machineLimits();
  const servers = podmanPrivateServers({ instance: "t-bench-breed", runDir: join(machine.directory, "run"), limits });
  const { stdout } = await run(["podman", "images", "--format={{.Repository}}:{{.Tag}}", "--filter=reference=*/mariadb-backup"]);
  const image = stdout.split("\n").find((name) => name.includes("t-bench-breed")) ?? stdout.split("\n")[0] ?? "";
  const server = await startTrial(
    { breed: "bench.ways", image, directory },
    { servers },
    { emit: () => undefined, signal: new AbortController().signal },
  );
  try {
    const record = JSON.parse(await readFile(join(machine.directory, "state/sites/shop.json"), "utf8")) as SiteRecord;
    return await maskWays(server, record.site, ["wp_users", "wp_wc_orders"], say);
  } finally {
    await server.stop(false);
  }
}
