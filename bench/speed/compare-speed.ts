import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import { howdahMachine } from "../../test/support/howdah-machine.ts";
import { compareSides, type Load } from "./compare-sides.ts";
import { containerUse } from "./container-use.ts";
import { type OurSite, ourSide } from "./our-side.ts";
import { comparisonRows, printComparison, type Row } from "./print-comparison.ts";
import { stockSide } from "./stock-side.ts";

const WORD = "bench";
const PORT = 18_480;
/** The script that the goal was set with (runtime.md 7): WordPress 6.1's, 781 kB, put into both sides' trees. */
const SCRIPT = "/bench-block-editor.min.js";
/** The same script of the WordPress that is measured, 866 kB. */
const OWN_SCRIPT = "/wp-includes/js/dist/block-editor.min.js";
/** What every browser sends, with TLS. */
const BROWSER = { "Accept-Encoding": "gzip, deflate, br" };

/** What comes of the comparison. */
export interface SpeedResult {
  readonly rows: readonly Row[];
  /** MiB of each container after the last round. */
  readonly memory: Readonly<Record<string, number>>;
  /** What PHP says about itself in the running container. */
  readonly opcache: string;
}

function loadsOf(site: OurSite): readonly Load[] {
  const host = { Host: site.host };
  return [
    { name: "home page, anonymous", path: "/", headers: { ...host, ...BROWSER }, connections: 8, goal: 500 },
    { name: "home page, anonymous, a client that takes nothing compressed", path: "/", headers: host, connections: 8, goal: null },
    { name: "home page, signed in", path: "/", headers: { ...host, Cookie: site.cookie }, connections: 4, goal: 1.05 },
    {
      name: "home page, signed in, compressed",
      path: "/",
      headers: { ...host, ...BROWSER, Cookie: site.cookie },
      connections: 4,
      goal: null,
    },
    { name: "script of 781 kB", path: SCRIPT, headers: { ...host, ...BROWSER }, connections: 8, goal: 3.5 },
    { name: "script of 866 kB", path: OWN_SCRIPT, headers: { ...host, ...BROWSER }, connections: 8, goal: null },
  ];
}

/** What opcache does for FPM, asked through FPM: the command line has an opcache of its own. */
const ASK_OPCACHE = String.raw`$c = stream_socket_client("unix:///run/php/fpm.sock");
$p = ""; foreach (["SCRIPT_FILENAME" => "/tmp/howdah-bench.php", "REQUEST_METHOD" => "GET"] as $k => $v) $p .= chr(strlen($k)) . chr(strlen($v)) . $k . $v;
fwrite($c, pack("CCnnxx", 1, 1, 1, 8) . pack("nCx5", 1, 0) . pack("CCnnxx", 1, 4, 1, strlen($p)) . $p . pack("CCnnxx", 1, 4, 1, 0) . pack("CCnnxx", 1, 5, 1, 0));
$a = stream_get_contents($c); preg_match('/\{.*\}/s', $a, $m); echo $m[0] ?? $a;`;
const ANSWER_OPCACHE = String.raw`<?php $i = fn($k) => ini_get($k); echo json_encode(array_map($i, array_combine($k = ["opcache.enable", "opcache.jit", "opcache.jit_buffer_size", "opcache.memory_consumption", "opcache.file_cache", "opcache.validate_timestamps", "realpath_cache_size"], $k)) + ["status" => (@opcache_get_status(false) ?: [])["jit"] ?? "restricted"]);`;

async function opcacheOf(site: OurSite): Promise<string> {
  const php = (code: string) => run(["podman", "exec", site.phpContainer, "/usr/bin/php", "-r", code]);
  await php(`file_put_contents("/tmp/howdah-bench.php", base64_decode("${Buffer.from(ANSWER_OPCACHE).toString("base64")}"));`);
  return (await php(ASK_OPCACHE)).stdout;
}

async function memoryOf(containers: readonly string[]): Promise<Record<string, number>> {
  const entries = containers.map(
    async (name) => [name.split(".").at(-1) ?? name, name, (await containerUse(name)).memoryBytes / 2 ** 20] as const,
  );
  return Object.fromEntries((await Promise.all(entries)).map(([, name, size]) => [name, Math.round(size * 10) / 10]));
}

/** Runs WordPress on both configurations side by side, asks both, and takes everything away. */
export async function compareSpeed(rounds: number, seconds: number, say: (line: string) => void): Promise<SpeedResult> {
  const machine = await howdahMachine(WORD, PORT);
  const directory = await mkdtemp(join(tmpdir(), "howdah-stock-"));
  const cleanUp: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true }), () => machine.remove()];
  try {
    say("bringing WordPress up");
    const site = await ourSide(machine, `t-${WORD}`, SCRIPT);
    const stock = await stockSide(site, directory, `t-${WORD}`);
    cleanUp.push(() => stock.remove());
    const sides = [stock, site.direct, site.throughEdge];
    const series = await compareSides(loadsOf(site), sides, { rounds, seconds, onBurst: say });
    const rows = comparisonRows(series);
    say(printComparison(rows));
    return { rows, memory: await memoryOf(sides.slice(0, 2).flatMap(({ containers }) => containers)), opcache: await opcacheOf(site) };
  } finally {
    for (const work of cleanUp.toReversed()) await work().catch((error: unknown) => say(String(error)));
  }
}
