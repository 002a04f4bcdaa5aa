import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { cutPower, healMachine } from "../../test/cluster/faults.ts";
import { type TestBrowser, testBrowser } from "../../test/support/browser.ts";
import { runningCluster } from "../../test/support/test-cluster.ts";
import { BrowserUser, mediawikiDeeds, wordpressDeeds } from "./browser-user.ts";
import { type Application, GaleraPlace, type PlacedSite } from "./galera-place.ts";
import { loadedMediaWiki } from "./loaded-mediawiki.ts";
import { loadedWordPress } from "./loaded-wordpress.ts";
import { bySecond, type Got, gotIn, type LoadSecond, longestSilence, type Moment, type Sample } from "./samples.ts";
import { SteadyVisitors } from "./steady-visitors.ts";

const APPLICATIONS: readonly Application[] = [
  { name: "wordpress", packages: ["wordpress", "wordpress-theme-twentytwentyfive"] },
  { name: "mediawiki", packages: ["mediawiki", "mediawiki-classes"] },
];

/** What is steady is measured first; a fault has so long to be mended; and so long is looked at after it. */
const TIMES = { steadyMs: 30_000, killedMs: 45_000, lostMs: 60_000, afterMs: 15_000 } as const;

/** What happened to one site, and what its visitors got. */
export interface SiteReport {
  readonly name: string;
  /** Before the first fault; from the kill to the next fault; while the machine was away; after. */
  readonly phases: Readonly<Record<string, { readonly pages: Got; readonly writes: Got }>>;
  /** The longest time without an answer of any kind in the whole run. */
  readonly longestSilenceMs: number;
  /** Posts or pages that were said to be kept; of those: not there; there twice. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  /** Kept though the visitor saw a failure: who tries again has it twice. */
  readonly keptUnsaid: number;
  readonly seconds: readonly LoadSecond[];
  /** The same for what was done with the browser. */
  readonly browser: { readonly saved: number; readonly lost: number; readonly deeds: readonly Sample[] };
}

/** The whole run. */
export interface GaleraSites {
  readonly mariadb: string;
  readonly sites: readonly SiteReport[];
  readonly moments: readonly Moment[];
  /** Answers of 500 and above, and errors of scripts, that the browser saw. */
  readonly browserTroubles: readonly string[];
  readonly seconds: number;
  readonly load: readonly number[];
}

interface Tried {
  readonly visitors: SteadyVisitors;
  readonly user: BrowserUser;
}

/**
 * WordPress and MediaWiki of Debian on three nodes of MariaDB behind two HAProxys, on the running test cluster. Each has visitors who read and write, and
 * one person at a headless browser who logs in, writes and uploads. The writer's server is killed; then the machine of the new writer loses its power.
 */
export async function galeraSites(mariadb: string, say: (line: string) => void): Promise<GaleraSites> {
  const place = await GaleraPlace.make(mariadb);
  try {
    say(`${place.name} is healthy`);
    const sites: PlacedSite[] = [];
    for (const application of APPLICATIONS) {
      sites.push(await place.site(application));
      say(`${application.name} is deployed`);
    }
    return await measure(place, sites, mariadb, say);
  } finally {
    await place.remove();
  }
}

/** The measured part, on sites that serve. */
export async function measure(
  place: GaleraPlace,
  sites: readonly PlacedSite[],
  mariadb: string,
  say: (line: string) => void,
): Promise<GaleraSites> {
  await place.untilHealthy();
  // The first writer's machine stays, and visitors come in there.
  const home = await place.machineOf(await place.writer());
  const address = place.addressOf(home);
  const loaded = await Promise.all(
    sites.map(({ name, host, credentials }) => (name === "wordpress" ? loadedWordPress : loadedMediaWiki)(address, host, credentials)),
  );
  const browsers = await Promise.all(sites.map(({ host }) => testBrowser({ [host]: address })));
  try {
    const began = performance.now();
    const tried: Tried[] = [];
    for (const [index, site] of sites.entries()) {
      const page = await (browsers[index] as TestBrowser).page();
      const deeds = (site.name === "wordpress" ? wordpressDeeds : mediawikiDeeds)(page, `http://${site.host}`, site.credentials);
      const one = loaded[index];
      if (one !== undefined) tried.push({ visitors: new SteadyVisitors(one, began), user: new BrowserUser(page, deeds, began) });
    }
    const now = (): number => performance.now() - began;
    const moments: Moment[] = [];
    const mark = (words: string): void => {
      moments.push({ at: now(), words });
      say(`${(now() / 1000).toFixed(1)} s: ${words}, load ${String(loadNow())}`);
    };
    const load = [loadNow()];
    await strike({ place, home, mark, load });
    const end = now();
    await Promise.all(tried.flatMap(({ visitors, user }) => [visitors.stop(), user.stop()]));
    const bounds = boundsOf(moments, end);
    const reports = await Promise.all(tried.map((one) => reportOf(one, bounds, end)));
    const browserTroubles = browsers.flatMap(({ troubles }) => troubles);
    return { mariadb, sites: reports, moments, browserTroubles, seconds: Math.round(end / 1000), load };
  } finally {
    for (const browser of browsers) await browser.close();
  }
}

interface Struck {
  readonly place: GaleraPlace;
  readonly home: string;
  readonly mark: (words: string) => void;
  readonly load: number[];
}

const KILLED = "writer killed";
const LOST = "machine lost";
const BACK = "machine gets power";

async function strike({ place, home, mark, load }: Struck): Promise<void> {
  const cluster = runningCluster();
  await sleep(TIMES.steadyMs);
  load.push(loadNow());
  const first = await place.writer();
  mark(`${KILLED}: ${first} on ${await place.machineOf(first)}`);
  await place.kill(first);
  await sleep(TIMES.killedMs);
  await place.untilHealthy();
  mark("all nodes are members");
  load.push(loadNow());
  const writer = await place.writer();
  const machine = await place.machineOf(writer);
  const routers = await place.routerMachines();
  const lost = machine === home ? (routers.find((one) => one !== home) ?? "") : machine;
  const held = [...(lost === machine ? ["the writer"] : []), ...(routers.includes(lost) ? ["a router"] : [])];
  mark(`${LOST}: ${lost}, which had ${held.join(" and ")}`);
  await cutPower(cluster, lost);
  try {
    await sleep(TIMES.lostMs);
  } finally {
    load.push(loadNow());
    mark(`${BACK}: ${lost}`);
    await healMachine(cluster, lost);
  }
  await place.untilHealthy();
  mark("all nodes are members");
  await sleep(TIMES.afterMs);
}

/** The parts of a run, by what was done. */
function boundsOf(
  moments: readonly Moment[],
  end: number,
): readonly { readonly phase: string; readonly from: number; readonly to: number }[] {
  const at = (words: string): number => moments.find((one) => one.words.startsWith(words))?.at ?? end;
  return [
    { phase: "steady", from: 0, to: at(KILLED) },
    { phase: KILLED, from: at(KILLED), to: at(LOST) },
    { phase: LOST, from: at(LOST), to: at(BACK) },
    { phase: "machine comes back", from: at(BACK), to: end },
  ];
}

/** Nodes that still copy what a lost machine missed answer late: what was kept is asked for again, for three minutes. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt < 18; attempt += 1) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(10_000);
  }
  return ask();
}

async function reportOf({ visitors, user }: Tried, bounds: ReturnType<typeof boundsOf>, end: number): Promise<SiteReport> {
  const { samples, site, acknowledged } = visitors;
  const of = (what: string): readonly Sample[] => samples.filter((sample) => sample.what === what);
  const kept = await untilAnswered(() => site.titles("Load"));
  const byHand = await untilAnswered(() => site.titles("By hand"));
  const there = new Set(kept);
  const lost = acknowledged.filter((title) => !there.has(title));
  return {
    name: site.name,
    phases: Object.fromEntries(
      bounds.map(({ phase, from, to }) => [phase, { pages: gotIn(of("read"), from, to), writes: gotIn(of("write"), from, to) }]),
    ),
    longestSilenceMs: longestSilence(samples, 0, end),
    acknowledged: acknowledged.length,
    lost: lost.length,
    doubled: kept.length - there.size,
    keptUnsaid: there.size - (acknowledged.length - lost.length),
    seconds: bySecond(samples, end),
    browser: { saved: user.saved.length, lost: user.saved.filter((title) => !byHand.includes(title)).length, deeds: user.samples },
  };
}

function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}
