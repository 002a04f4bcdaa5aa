import { readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { acknowledgedWriter, READ_PHP, SETUP_PHP, WRITE_PHP, type WrittenRows } from "../../test/support/acknowledged-writer.ts";
import { faultSite } from "../../test/support/fault-site.ts";
import { howdahMachine } from "../../test/support/howdah-machine.ts";
import type { MovedSite } from "../../src/workflows/database-move/move-database.ts";

/** One move. Seconds are seconds. */
export interface MeasuredMove {
  readonly how: "catch-up" | "under the hold";
  readonly heldSeconds: number;
  readonly wholeSeconds: number;
  /** Of the steps while visitors wait. */
  readonly steps: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly load: number;
}

/** Rows of 2 kB, fifty to a statement, until there are as many megabytes. */
const FILL_PHP = `<?php
require dirname(__DIR__) . '/database.php';
$database = database();
$database->query('CREATE TABLE IF NOT EXISTS fill (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(64), body TEXT, KEY (word))');
for ($n = 0; $n < (int) $_GET['megabytes'] * 10; $n++) {
    $rows = [];
    for ($row = 0; $row < 50; $row++) $rows[] = "('" . bin2hex(random_bytes(16)) . "', '" . bin2hex(random_bytes(1000)) . "')";
    $database->query('INSERT INTO fill (word, body) VALUES ' . implode(',', $rows));
}
echo 'filled';
`;

/** A site with so many megabytes and three writers: an upgrade with catching up, then the way back with the whole copy under the hold. */
export async function moveTimes(megabytes: number, say: (line: string) => void): Promise<readonly MeasuredMove[]> {
  const machine = await howdahMachine("bench-move", 18_962);
  try {
    const site = await faultSite(machine, "shop");
    const file = join(site.directory, "howdah.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("database: {}", 'database: {version: "10.11"}'));
    for (const [name, php] of Object.entries({ write: WRITE_PHP, read: READ_PHP, setup: SETUP_PHP, fill: FILL_PHP }))
      await writeFile(join(site.directory, "public", `${name}.php`), php);
    await writeFile(join(site.directory, "behave.json"), '{"release":"one"}');
    await machine.ok("up", site.directory);
    await machine.get("shop.localhost", "/setup.php");
    for (let filled = 0; filled < megabytes; filled += 10) await machine.get("shop.localhost", "/fill.php?megabytes=10");
    const moves: MeasuredMove[] = [];
    for (const [to, how] of [
      ["mariadb-11-8", "catch-up"],
      ["mariadb-10-11", "under the hold"],
    ] as const) {
      say(`to ${to}, ${how}`);
      const writer = acknowledgedWriter(machine, "shop", moves.length * 1_000_000 + 1);
      const began = performance.now();
      const said = await machine.ok("db", "move", "shop", "--to", to, "--yes", "--output", "json");
      const wholeSeconds = (performance.now() - began) / 1000;
      const acknowledged = await writer.stop();
      const { ids } = JSON.parse((await machine.get("shop.localhost", "/read.php")).body) as WrittenRows;
      const done = JSON.parse(said.stdout) as MovedSite;
      const there = new Set(ids);
      moves.push({
        ...{ how, wholeSeconds, heldSeconds: (done.heldMs ?? 0) / 1000, rows: done.rows ?? 0, acknowledged: acknowledged.size },
        steps: Object.fromEntries(done.timings.map(({ stage, milliseconds }) => [stage, milliseconds / 1000])),
        lost: [...acknowledged].filter((id) => !there.has(id)).length,
        load: loadavg()[0] ?? 0,
      });
    }
    return moves;
  } finally {
    await machine.remove();
  }
}
