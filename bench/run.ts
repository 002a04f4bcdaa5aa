import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { goodRuns } from "./backups/good-runs.ts";
import { restoreTimes } from "./backups/restore-times.ts";
import { coldStart } from "./cold-start/cold-start.ts";
import { growth } from "./cluster-grow/growth.ts";
import { type CloneTimes, cloneTimes } from "./clones/clones.ts";
import { drawClones } from "./clones/draw-clones.ts";
import { clusterScale } from "./cluster-scale/cluster-scale.ts";
import { clusterRollouts } from "./cluster-rollout/cluster-rollout.ts";
import { stillScale } from "./cluster-scale/still-scale.ts";
import { drawScale, type Measured } from "./cluster-scale/draw-scale.ts";
import { cronStarts } from "./crons/cron-starts.ts";
import { clockJumps } from "./db-consistency/clock-jumps.ts";
import { cutOff } from "./db-consistency/cut-off.ts";
import { longAlter } from "./db-consistency/long-alter.ts";
import { lostUpdates } from "./db-consistency/lost-updates.ts";
import { readYourWrites } from "./db-consistency/read-your-writes.ts";
import { databaseFailover } from "./db-failover/db-failover.ts";
import { databaseRejoin } from "./db-failover/db-rejoin.ts";
import { databaseOverhead } from "./db-overhead/db-overhead.ts";
import { environmentCosts } from "./environments/env-create.ts";
import { breedTimes } from "./dataset/breed-times.ts";
import { refreshUnderLoad } from "./dataset/refresh-under-load.ts";
import { moveTimes } from "./database-move/move-times.ts";
import { deployTimes } from "./deploy/deploy-times.ts";
import { watchTimes } from "./deploy/watch-times.ts";
import { drawGaleraSites } from "./galera-sites/draw-galera-sites.ts";
import { type GaleraSites, galeraSites } from "./galera-sites/galera-sites.ts";
import { idleMemory, wakeTimes } from "./idle/idle-sites.ts";
import { imageSizes } from "./images/image-sizes.ts";
import { oneLineChange } from "./images/one-line-change.ts";
import { acrossNetworks } from "./isolation/across-networks.ts";
import { migrateOnce } from "./migrate-once/migrate-once.ts";
import { pushTimes } from "./registry/push-times.ts";
import { resourceAttacks } from "./resource-attack/resource-attack.ts";
import { isKept, lostRequests } from "./rollout/lost-requests.ts";
import { compareSpeed } from "./speed/compare-speed.ts";
import { short } from "./speed/print-comparison.ts";
import { drawTenants, type TenantStep } from "./tenants/draw-tenants.ts";
import { type TenantKind, tenantCosts } from "./tenants/tenants.ts";
import { fuzzDatasets } from "../test/support/dataset-fuzz.ts";
import { upTimes } from "./times/up-times.ts";

const say = (line: string): void => {
  console.error(line);
};

async function speed(rounds: number, seconds: number): Promise<void> {
  const found = await compareSpeed(rounds, seconds, say);
  console.log(JSON.stringify(found, null, 2));
  const missed = found.rows.filter(({ side, ratio, goal }) => side === "Howdah" && goal !== null && ratio < goal);
  for (const row of missed) say(`missed: ${row.load}: ${short(row.ratio)} times instead of ${short(row.goal ?? 0)}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

async function idle(part: string | undefined, count: number | undefined): Promise<void> {
  if (part !== "memory") console.log(JSON.stringify(await wakeTimes(count ?? 20, say), null, 2));
  if (part !== "wake") console.log(JSON.stringify(await idleMemory(count ?? 50, say), null, 2));
}

async function once(trials: number): Promise<void> {
  const found = await migrateOnce(20, trials, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.exactlyOnce < trials || found.killed.ranTwice > 0 ? 1 : 0;
}

async function isolation(seconds: number): Promise<void> {
  const found = await acrossNetworks(seconds, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.howdah.reached > 0 ? 1 : 0;
}

async function firstPages(php: string, rounds: number): Promise<void> {
  const found = await coldStart(php, rounds, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.ratio > 0.4 ? 1 : 0;
}

async function crons(count: number): Promise<void> {
  const found = await cronStarts(5, Math.ceil(count / 5), 2, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.started < found.expected || found.lateMs.worst > 5000 ? 1 : 0;
}

async function deploys(rounds: number): Promise<void> {
  const found = await deployTimes(rounds, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.median.howdah > 3 || found.ratio < 10 ? 1 : 0;
}

async function watches(saves: number): Promise<void> {
  const found = await watchTimes(saves, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.php.p95 >= 1000 || found.css.p95 >= 1000 ? 1 : 0;
}

async function scale(counts: readonly number[]): Promise<void> {
  const [count = 0] = counts;
  const found = await clusterScale(counts.length > 1 ? counts : [Math.ceil(count / 20), Math.ceil(count / 5), count], say);
  console.log(JSON.stringify(found, null, 2));
  const last = found.at(-1);
  const kept =
    last !== undefined &&
    last.quiet.memoryMb <= 400 &&
    last.quiet.writes + last.quiet.applies + last.quiet.changedObjects === 0 &&
    last.scaling.p95 <= 1000 &&
    last.restart.synced < 30;
  process.exitCode = kept ? 0 : 1;
}

async function grow(visitors: number): Promise<void> {
  const found = await growth(visitors, say);
  console.log(JSON.stringify(found, null, 2));
  const { before, most, after } = found.pods;
  process.exitCode = most > before && after === before && found.failed === 0 ? 0 : 1;
}

async function onCluster(deploys: number): Promise<void> {
  const found = await clusterRollouts(deploys, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.failed === 0 && found.stored === found.rows && found.ratio <= 2 ? 0 : 1;
}

async function rollouts(deploys: number): Promise<void> {
  const found = await lostRequests(deploys, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = isKept(found, deploys) ? 0 : 1;
}

async function breeds(people: number): Promise<void> {
  const found = await breedTimes(people, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.during.failed === 0 && found.p99Ratio <= 1.2 ? 0 : 1;
}

async function refreshes(seconds: number): Promise<void> {
  const found = await refreshUnderLoad(seconds, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.failed + found.mixed + found.breedsFailed + found.left.length === 0 ? 0 : 1;
}

async function failover(kills: number): Promise<void> {
  const found = await databaseFailover(kills, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.lost === 0 && found.doubled === 0 && found.longestGapMs <= 10_000 ? 0 : 1;
}

async function onGalera(mariadb: string): Promise<void> {
  const found = await galeraSites(mariadb, say);
  console.log(JSON.stringify(found, null, 2));
  const nothingLost = found.sites.every(({ lost, doubled, browser }) => lost + doubled + browser.lost === 0);
  process.exitCode = nothingLost ? 0 : 1;
}

async function backups(part: string | undefined, count: number | undefined): Promise<void> {
  if (part === "good") {
    const found = await goodRuns(count ?? 1000, say);
    console.log(JSON.stringify(found, null, 2));
    process.exitCode = found.falseAlarms === 0 ? 0 : 1;
    return;
  }
  const found = await restoreTimes(count ?? 1000, say);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.ways.every(({ restoreSeconds, rows }) => restoreSeconds <= 600 && rows.found === rows.expected) ? 0 : 1;
}

async function clones(sizes: readonly number[], rounds: number): Promise<void> {
  const found = await cloneTimes(sizes, rounds, say);
  console.log(JSON.stringify(found, null, 2));
  const best = found.sizes.at(-1)?.ways.find(({ way }) => way === "btrfs");
  process.exitCode = (best?.timesFaster.ready ?? 0) >= 500 ? 0 : 1;
}

async function lifecycle(operations: number): Promise<void> {
  const found = await fuzzDatasets(operations, Date.now() % 100_000);
  console.log(JSON.stringify(found, null, 2));
  process.exitCode = found.faults.length === 0 ? 0 : 1;
}

async function tenants(kind: TenantKind, count: number): Promise<void> {
  const steps = await tenantCosts(count, kind, say);
  console.log(JSON.stringify(steps, null, 2));
  process.exitCode = steps.every(({ seconds }) => seconds < 30) ? 0 : 1;
}

/**
 * `npm run bench [-- speed|times|sizes|change|deploy|watch|push|rollout|migrate-once|isolation|idle|cold-start|crons|cluster-scale|cluster-grow|cluster-rollout|tenants|backups|database-move|clones|dataset-refresh|dataset-lifecycle]`: Howdah's defaults against Debian's own in one run (the default), `up` by stage, sizes of images, how late crons start.
 * `change [--rounds N]`: a site's images after a changed line.
 * `deploy [--rounds N]`: from the command to a changed line's answer, beside `buildah bud` with `podman kube play`.
 * `watch [--count N]`: from a save to its answer while `deploy --watch` runs, N times in PHP and css (30), beside a deploy of the same change.
 * `idle [wake|memory] [--count N]`: waking WordPress 20 times, the memory of 50 sites awake and asleep.
 * `cold-start [8.2|8.4] [--rounds N]`: the first page of WordPress after PHP was started, with and without compiled code.
 * `crons [--count N]`: a thousand crons a minute over five sites: how late they start, what a start costs.
 * `push [--rounds N]`: a changed line to a registry, bytes and time, beside `buildah bud` with `buildah push`.
 * `rollout [--deploys N]`: what a hundred deploys, slow requests during deploys, and rollbacks cost visitors under 150 requests a second.
 * `isolation [--seconds N]`: what a pod reaches of another site's while others come and go, with podman's rules alone and with ours.
 * `cluster-scale [--count N]`: one operator and a twentieth, a fifth and all of N sites (1,000) on a real API server with played pods: memory, writes, changes, restart; `--count N,M`: with these numbers of them; `cluster-scale still [--count N,M]`: the operator's own cost with so many sites on a server that only says what there is; `cluster-scale draw` makes a picture of both, read as `{"still": [...], "real": [...]}`.
 * `cluster-grow [--count N]`: a site with `scale.max` on the running test cluster under N visitors at once (12): its pods, up and down again (8 minutes).
 * `cluster-rollout [--deploys N]`: what a hundred deploys on the running test cluster cost visitors under 100 requests a second.
 * `tenants [php|static] [--count N]`: seconds and memory of one more tenant with a site, up to N (200); `tenants draw` makes a picture of the answer.
 * `galera-sites [10.11|11.8]`: WordPress and MediaWiki on three database nodes on the running test cluster, the writer killed and a machine lost under visitors and a browser (12 minutes); `galera-sites draw` makes a picture of the answer.
 * `db-failover [--count N]`: the writer of three Galera nodes behind HAProxy killed N times under load (20): lost, doubled, the gap of each.
 * `db-failover rejoin [--count N]`: the same in containers of the real image, whose entrypoint starts the killed server again at once (10).
 * `db-consistency lost-updates [--count N]`: 32 clients that add one N times each (1,000) to numbers that they share, through the router.
 * `db-consistency read-your-writes [--count N]`: N reads (10,000) after own writes through the router, its writer killed three times.
 * `db-consistency cut-off [--count N]`: the writer cut off from the other nodes N times (3), with clients on both sides.
 * `db-consistency clock-jumps`: the clock of one node an hour ahead, an hour back and too fast, under clients; needs libfaketime.
 * `db-consistency noisy-neighbour [--seconds N]`: what visitors see of a site while another one on its server holds 500 connections, scans and alters.
 * `db-consistency long-alter [--count N]`: how long others who write stand still while a table of N rows (300,000) is rewritten on Galera.
 * `db-overhead [--rounds N]`: connections and queries a second through HAProxy against direct, in turn.
 * `backups [--count N]`: a database of N megabytes (1,000) backed up by its dump and with its whole server under four writers, and restored both ways to the second before a DROP TABLE; `backups good [--count N]`: N good runs (1,000), each proved by restoring: none may be reported.
 * `database-move [--count N]`: how long visitors are held while a database of N megabytes (100) moves from MariaDB 10.11 to 11.8 and back.
 * `env-create [--count N] [--sizes S]`: environments of a site with a database of S times 100 megabytes (1): one after another, and N at once (20): time, memory and disk of each.
 * `clones [--sizes 1,2,4] [--count N]`: databases of so many gigabytes and 20,000 files cloned N times (20) by btrfs and by reflink, beside `cp -a` and beside mariadb-dump with a restore; `clones draw` makes a picture of the answer.
 * `dataset [--count N]`: a WordPress with a shop of N people (20,000; 15 rows each) is bred while visitors read and write; the same masks by rebuilding, in place and row by row.
 * `dataset-refresh --seconds N`: environments are made for N seconds while their dataset is bred again and again and breeds are killed at each step: failed, mixed, how long beside a breed and alone (D10).
 * `dataset-lifecycle [--count N]`: N operations (2,000) of breeds, environments and reaping by processes that are killed anywhere: volumes lost or swapped (C8).
 * `migrate-once [--count N]`: 20 starters of one migration at once, and a runner killed at every moment, N times each (100).
 * `--rounds N --seconds N` set the length of the first. Answers are JSON on stdout, progress on stderr.
 */
async function main(): Promise<void> {
  const options = {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    count: { type: "string" },
    deploys: { type: "string", default: "100" },
    sizes: { type: "string", default: "1,2,4" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const what = positionals[0] ?? "speed";
  if (what === "speed") await speed(Number(values.rounds), Number(values.seconds));
  else if (what === "migrate-once") await once(Number(values.count ?? "100"));
  else if (what === "database-move") console.log(JSON.stringify(await moveTimes(Number(values.count ?? "100"), say), null, 2));
  else if (what === "env-create")
    console.log(
      JSON.stringify(await environmentCosts(Number(values.count ?? "20"), Number(values.sizes.split(",")[0]) * 100, say), null, 2),
    );
  else if (what === "clones" && positionals[1] === "draw")
    process.stdout.write(drawClones(JSON.parse(await text(process.stdin)) as CloneTimes));
  else if (what === "clones") await clones(values.sizes.split(",").map(Number), Number(values.count ?? "20"));
  else if (what === "dataset") await breeds(Number(values.count ?? "20000"));
  else if (what === "dataset-refresh") await refreshes(Number(values.seconds));
  else if (what === "dataset-lifecycle") await lifecycle(Number(values.count ?? "2000"));
  else if (what === "isolation") await isolation(Number(values.seconds));
  else if (what === "rollout") await rollouts(Number(values.deploys));
  else if (what === "times") console.log(JSON.stringify(await upTimes(), null, 2));
  else if (what === "push") console.log(JSON.stringify(await pushTimes(Number(values.rounds), say), null, 2));
  else if (what === "sizes") console.log(JSON.stringify(await imageSizes(), null, 2));
  else if (what === "idle") await idle(positionals[1], values.count === undefined ? undefined : Number(values.count));
  else if (what === "change") console.log(JSON.stringify(await oneLineChange(Number(values.rounds)), null, 2));
  else if (what === "deploy") await deploys(Number(values.rounds));
  else if (what === "watch") await watches(Number(values.count ?? "30"));
  else if (what === "cold-start") await firstPages(positionals[1] ?? "8.4", Number(values.rounds));
  else if (what === "crons") await crons(Number(values.count ?? "1000"));
  else if (what === "cluster-scale" && positionals[1] === "draw")
    process.stdout.write(drawScale(JSON.parse(await text(process.stdin)) as Measured));
  else if (what === "cluster-scale" && positionals[1] === "still")
    console.log(JSON.stringify(await stillScale((values.count ?? "100,1000,5000").split(",").map(Number), say), null, 2));
  else if (what === "cluster-scale") await scale((values.count ?? "1000").split(",").map(Number));
  else if (what === "cluster-grow") await grow(Number(values.count ?? "12"));
  else if (what === "cluster-rollout") await onCluster(Number(values.deploys));
  else if (what === "tenants" && positionals[1] === "draw")
    process.stdout.write(drawTenants(JSON.parse(await text(process.stdin)) as TenantStep[]));
  else if (what === "galera-sites" && positionals[1] === "draw")
    process.stdout.write(drawGaleraSites(JSON.parse(await text(process.stdin)) as GaleraSites));
  else if (what === "galera-sites") await onGalera(positionals[1] ?? "11.8");
  else if (what === "db-failover" && positionals[1] === "rejoin")
    console.log(JSON.stringify(await databaseRejoin(Number(values.count ?? "10"), say), null, 2));
  else if (what === "db-failover") await failover(Number(values.count ?? "20"));
  else if (what === "db-consistency" && positionals[1] === "lost-updates")
    console.log(JSON.stringify(await lostUpdates(Number(values.count ?? "1000"), say), null, 2));
  else if (what === "db-consistency" && positionals[1] === "cut-off")
    console.log(JSON.stringify(await cutOff(Number(values.count ?? "3"), say), null, 2));
  else if (what === "db-consistency" && positionals[1] === "long-alter")
    console.log(JSON.stringify(await longAlter(Number(values.count ?? "300000"), say), null, 2));
  else if (what === "db-consistency" && positionals[1] === "clock-jumps") console.log(JSON.stringify(await clockJumps(say), null, 2));
  else if (what === "db-consistency" && positionals[1] === "noisy-neighbour")
    console.log(JSON.stringify(await resourceAttacks(["queries"], Number(values.seconds), say), null, 2));
  else if (what === "db-consistency") console.log(JSON.stringify(await readYourWrites(Number(values.count ?? "10000"), 3, say), null, 2));
  else if (what === "db-overhead") console.log(JSON.stringify(await databaseOverhead(Number(values.rounds), say), null, 2));
  else if (what === "backups") await backups(positionals[1], values.count === undefined ? undefined : Number(values.count));
  else if (what === "tenants") await tenants(positionals[1] === "static" ? "static" : "php", Number(values.count ?? "200"));
  else
    throw new Error(
      `speed, times, sizes, change, deploy, watch, push, rollout, migrate-once, isolation, idle, cold-start, crons, cluster-scale, cluster-grow, cluster-rollout, tenants, backups or database-move, not ${what}`,
    );
}

await main();
