import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { directoryStore, sqlOf } from "../../test/support/backup-rig.ts";
import { faultSite } from "../../test/support/fault-site.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { run } from "../../src/providers/process.ts";

/** One way to back up and restore the same database. Seconds are seconds. */
export interface BackupWay {
  readonly way: "logical" | "physical";
  readonly backupSeconds: number;
  /** The longest answer that a writer waited for meanwhile. */
  readonly writersStallMs: number;
  readonly storeMegabytes: number;
  /** What a second backup added to the store, a few thousand rows later. */
  readonly againMegabytes: number;
  /** To one second before DROP TABLE. */
  readonly restoreSeconds: number;
  readonly rows: { readonly expected: number; readonly found: number };
}

/** What a database of so many megabytes took. */
export interface RestoreTimes {
  readonly megabytes: number;
  /** The longest answer that a writer waited for while nothing else was done. */
  readonly quietStallMs: number;
  readonly ways: readonly BackupWay[];
  readonly load: number;
}

/** Rows of 2 kB, fifty to a statement. */
const FILL_PHP = `<?php
require dirname(__DIR__) . '/database.php';
$database = database();
$database->query('CREATE TABLE IF NOT EXISTS fill (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(64), body TEXT, KEY (word))');
for ($n = 0; $n < 100; $n++) {
    $rows = [];
    for ($row = 0; $row < 50; $row++) $rows[] = "('" . bin2hex(random_bytes(16)) . "', '" . bin2hex(random_bytes(1000)) . "')";
    $database->query('INSERT INTO fill (word, body) VALUES ' . implode(',', $rows));
}
echo 'filled';
`;

/** A row, and how long the server took to acknowledge it. */
const WRITE_PHP = `<?php
require dirname(__DIR__) . '/database.php';
$database = database();
$began = hrtime(true);
$database->query("INSERT INTO ticks (word) VALUES (REPEAT('x', 200))");
echo (hrtime(true) - $began) / 1e6;
`;

const SERVER = "mariadb-11-8";

/** Fills a site's database, backs it up both ways under four writers, drops its table under load, and restores it both ways to the second before. */
export async function restoreTimes(megabytes: number, say: (line: string) => void): Promise<RestoreTimes> {
  const machine = await howdahMachine("bench-backup", 18_988);
  try {
    const site = await faultSite(machine, "shop");
    await writeFile(join(site.directory, "public", "fill.php"), FILL_PHP);
    await writeFile(join(site.directory, "public", "write.php"), WRITE_PHP);
    await writeFile(join(site.directory, "behave.json"), '{"release":"one"}');
    await machine.ok("up", site.directory);
    const store = await directoryStore(machine);
    await sqlOf(
      machine,
      "shop",
      "CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY, word TEXT, moment TIMESTAMP DEFAULT CURRENT_TIMESTAMP);",
    );
    for (let filled = 0; filled < megabytes; filled += 10) await machine.get("shop.localhost", "/fill.php");
    say(`filled ${String(megabytes)} MB`);
    const quiet = await underWriters(machine, () => sleep(20_000));
    const ways = [await saved(machine, store, "logical", say), await saved(machine, store, "physical", say)];
    const at = await dropped(machine);
    const expected = await rowsAt(machine, at);
    const measured: BackupWay[] = [];
    for (const one of ways) measured.push({ ...one, ...(await restored(machine, one.way, { at, expected, say })) });
    return { megabytes, quietStallMs: quiet.stallMs, ways: measured, load: loadavg()[0] ?? 0 };
  } finally {
    await machine.remove();
  }
}

type Saved = Pick<BackupWay, "way" | "backupSeconds" | "writersStallMs" | "storeMegabytes" | "againMegabytes">;

async function saved(machine: HowdahMachine, store: string, way: BackupWay["way"], say: (line: string) => void): Promise<Saved> {
  const argv = way === "logical" ? ["backup", "now", "shop", "--no-verify"] : ["backup", "server", "now", SERVER, "--no-verify"];
  const before = await megabytesOf(store);
  const { seconds, stallMs } = await underWriters(machine, () => machine.ok(...argv));
  const between = await megabytesOf(store);
  await machine.ok(...argv);
  const after = await megabytesOf(store);
  say(`${way}: ${seconds.toFixed(1)} s, writers waited ${stallMs.toFixed(0)} ms at most`);
  return { way, backupSeconds: seconds, writersStallMs: stallMs, storeMegabytes: between - before, againMegabytes: after - between };
}

/** Four writers, one row after another, while something is done. */
async function underWriters(
  machine: HowdahMachine,
  work: () => Promise<unknown>,
): Promise<{ readonly seconds: number; readonly stallMs: number }> {
  const stopped = new AbortController();
  let stallMs = 0;
  const write = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const { status, body } = await machine.get("shop.localhost", "/write.php");
      if (status === 200) stallMs = Math.max(stallMs, Number(body));
    }
  };
  const writers = Array.from({ length: 4 }, write);
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  stopped.abort();
  await Promise.all(writers);
  return { seconds, stallMs };
}

/** Drops the large table under load. Answers the second before. */
async function dropped(machine: HowdahMachine): Promise<string> {
  let at = "";
  await underWriters(machine, async () => {
    await sleep(10_000);
    at = (await sqlOf(machine, "shop", "SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')"))[0] ?? "";
    await sleep(1000 - (Date.now() % 1000));
    await sqlOf(machine, "shop", "DROP TABLE fill;");
    await sleep(5000);
  });
  return at;
}

async function rowsAt(machine: HowdahMachine, at: string): Promise<number> {
  const moment = at.replace("T", " ").replace("Z", "");
  const [count = "0"] = await sqlOf(machine, "shop", `SET time_zone='+00:00'; SELECT COUNT(*) FROM ticks WHERE moment <= '${moment}'`);
  return Number(count);
}

async function restored(
  machine: HowdahMachine,
  way: BackupWay["way"],
  { at, expected, say }: { readonly at: string; readonly expected: number; readonly say: (line: string) => void },
): Promise<Pick<BackupWay, "restoreSeconds" | "rows">> {
  const began = performance.now();
  if (way === "logical") await machine.ok("backup", "restore", "shop", "--at", at, "--yes");
  else await machine.ok("backup", "server", "restore", SERVER, "--site", "shop", "--at", at, "--yes");
  const restoreSeconds = (performance.now() - began) / 1000;
  const [count = "0"] = await sqlOf(machine, "shop", "SELECT COUNT(*) FROM ticks");
  await sqlOf(machine, "shop", "SELECT COUNT(*) FROM fill");
  say(`${way}: back at ${at} after ${restoreSeconds.toFixed(1)} s, ${count} rows of ${String(expected)}`);
  return { restoreSeconds, rows: { expected, found: Number(count) } };
}

async function megabytesOf(directory: string): Promise<number> {
  const { stdout } = await run(["du", "-sm", "--", directory]);
  return Number(stdout.split("\t")[0]);
}
