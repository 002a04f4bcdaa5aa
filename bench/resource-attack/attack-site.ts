import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HowdahMachine } from "../../test/support/howdah-machine.ts";

/** What a site may do to its neighbours. */
export const ATTACKS = ["processor", "fork", "memory", "log", "database", "queries", "edge", "inodes"] as const;
export type Attack = (typeof ATTACKS)[number];

const PAGE = `<?php
header('Cache-Control: no-store');
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
echo 'fine ', $db->query('SELECT 1 + 1')->fetch_row()[0];
`;

/** Runs the attack as a program of its own, as whoever got into a site would; answers what it says. */
const START = `<?php
set_time_limit(0);
if ($_GET['kind'] === 'log') {
    // By FPM, whose output is the container's log; a program's own goes elsewhere.
    for ($end = microtime(true) + (int) $_GET['seconds'], $count = 0; microtime(true) < $end; $count++) error_log(str_repeat('x', 1000));
    exit(round($count / 1000 / (int) $_GET['seconds'], 1) . ' MB/s');
}
$argv = ['php', '-d', 'memory_limit=-1', __DIR__ . '/../attack.php', $_GET['kind'], $_GET['seconds'], $_GET['port'] ?? ''];
$run = proc_open($argv, [1 => ['pipe', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
echo stream_get_contents($pipes[1]);
proc_close($run);
`;

const ATTACK = `<?php
mysqli_report(0);
[, $kind, $seconds, $port] = $argv;
$end = microtime(true) + (int) $seconds;
$open = fn () => microtime(true) < $end;
$held = []; $count = 0; $refused = 0;
if ($kind === 'processor') { for ($i = 0; $i < 7; $i++) @pcntl_fork(); while ($open()); exit; }
if ($kind === 'fork') { $me = getmypid(); while ($open()) { $child = @pcntl_fork(); if ($child === -1) { $refused++; usleep(1000); } elseif ($child > 0) { $count++; } } if (getmypid() !== $me) exit; echo "$count started by the first, $refused refused"; exit; }
if ($kind === 'memory') { while ($open()) { $held[] = str_repeat(chr(65 + $count % 26), 1048576); echo ++$count % 64 === 0 ? "$count MiB " : ''; } }
if ($kind === 'database') { while ($open()) { $one = @new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME')); if ($one->connect_errno) { $refused++; usleep(1000); } else $held[] = $one; } echo count($held), " held, $refused refused"; }
if ($kind === 'prepare') { $one = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME')); foreach (['scanned', 'altered'] as $table) { $one->query("CREATE TABLE IF NOT EXISTS $table (id INT AUTO_INCREMENT PRIMARY KEY, word CHAR(200) NOT NULL)"); $one->query("INSERT INTO $table (word) SELECT REPEAT(MD5(seq), 6) FROM seq_1_to_$seconds"); } echo 'made'; }
if ($kind === 'queries') { $log = tempnam(sys_get_temp_dir(), 'q'); foreach (['scan', 'scan', 'scan', 'scan', 'scan', 'scan', 'alter'] as $work) if (pcntl_fork() === 0) { $one = @new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME')); while ($open() && !$one->connect_errno) { $one->query('SET STATEMENT max_statement_time=' . max(1, (int) ($end - microtime(true))) . ' FOR ' . ($work === 'scan' ? 'SELECT COUNT(*) FROM scanned a JOIN scanned b ON a.word > b.word' : 'ALTER TABLE altered FORCE, ALGORITHM=COPY')) ? $count++ : $refused++; } file_put_contents($log, "; $work: $count done, $refused ended by the server", FILE_APPEND); exit; } while ($open() && count($held) + $refused < 500) { $one = @new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME')); if ($one->connect_errno) { $refused++; usleep(10000); } else $held[] = $one; } while (pcntl_wait($status) > 0); echo count($held), " of 500 connections held, $refused refused", file_get_contents($log); }
if ($kind === 'edge') { preg_match('/nameserver (\\\\S+)/', file_get_contents('/etc/resolv.conf'), $found); while ($open()) { $one = @fsockopen($found[1], (int) $port, $code, $words, 1); if ($one === false) { $refused++; usleep(1000); } else $held[] = $one; } echo count($held), " held, $refused refused"; }
if ($kind === 'inodes') { $place = __DIR__ . '/uploads/many'; @mkdir($place); while ($open()) { touch("$place/$count"); $count++; } echo "$count files"; }
`;

/** A PHP site with a database and a volume, with the means to attack others. */
export async function attackSite(machine: HowdahMachine, name: string): Promise<string> {
  const directory = join(machine.directory, name);
  await mkdir(join(directory, "public"), { recursive: true });
  const spec = '  runtime: {php: "8.4"}\n  web: {root: public, microcache: false}\n  database: {}\n  mounts:\n    uploads: {size: 64Mi}\n';
  await writeFile(join(directory, "howdah.yaml"), `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: ${name}}\nspec:\n${spec}`);
  await writeFile(join(directory, "public/index.php"), PAGE);
  await writeFile(join(directory, "public/start.php"), START);
  await writeFile(join(directory, "attack.php"), ATTACK);
  return directory;
}
