import { setTimeout as sleep } from "node:timers/promises";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import type { LoadReport } from "../../test/support/load/load-report.ts";
import { slowLoad, steadyLoad } from "../../test/support/load/load-tool.ts";
import { type SteadySite, steadySite } from "../../test/support/load/steady-site.ts";

const WORD = "bench-rollout";
const PORT = 18_496;
/** Requests a second: half as many again as promised, so that a hundred thousand take eleven minutes. */
const RATE = 150;
/** Requests for each deploy: a hundred deploys make the hundred thousand of the promise. */
const EACH = 1000;
/** Slow requests for each of the deploys that have any: half pages, half uploads. */
const SLOW = 20;
const GIVE_UP = 3;

/** What a load lost, and what it was like. */
interface Loss extends Pick<LoadReport, "requests" | "failed" | "failures" | "resent" | "rate" | "stored" | "phases"> {
  /** Rows that are there for the bodies that were answered as stored: as many, or something got lost or was done twice. */
  readonly rows: number;
}

/** Commands that went well, in seconds from the command to the new release's answer, and what the others said. */
interface Times {
  readonly count: number;
  readonly median: number;
  readonly slowest: number;
  readonly errors: readonly string[];
}

/** What deploys and rollbacks cost visitors. */
export interface LostRequests {
  readonly steady: Loss & { readonly deploys: Times /** p99 during deploys by p99 between them. */; readonly ratio: number };
  /** Pages of 10 s and uploads of 20 MB at 1 MB a second, all under way when a deploy begins. */
  readonly slow: Loss & { readonly deploys: Times };
  readonly rollbacks: Loss & { readonly times: Times };
}

/**
 * Deploys a changed line again and again under 150 requests a second, then with slow requests under way, then goes back under load.
 * A tenth as many deploys have slow requests, and a tenth as many are rolled back (at least one each).
 * @param deploys 100 is the promise: about 11 minutes of load, and half as many for the rest
 */
export async function lostRequests(deploys: number, say: (line: string) => void): Promise<LostRequests> {
  const machine = await howdahMachine(WORD, PORT);
  try {
    const site = await steadySite(machine);
    say("the site is up");
    const rollouts = new Rollouts(machine, site, say);
    const few = Math.max(1, Math.round(deploys / 10));
    return {
      steady: await underLoad(deploys, site, rollouts),
      slow: await underSlow(few, site, rollouts),
      rollbacks: await back(few, site, rollouts),
    };
  } finally {
    await machine.remove();
  }
}

/** True when the promises are kept: nothing lost, enough asked, rollbacks in 5 s. */
export function isKept({ steady, slow, rollbacks }: LostRequests, deploys: number): boolean {
  const whole = [steady, slow, rollbacks].every(({ failed, stored, rows }) => failed === 0 && stored === rows);
  const done = [steady.deploys, slow.deploys, rollbacks.times].every(({ errors }) => errors.length === 0);
  return whole && done && steady.requests >= deploys * EACH && rollbacks.times.slowest <= 5;
}

/** The commands, timed. One that fails is written down and the next tried: the load goes on. */
class Rollouts {
  readonly #machine: HowdahMachine;
  readonly #site: SteadySite;
  readonly #say: (line: string) => void;
  #word = 0;

  constructor(machine: HowdahMachine, site: SteadySite, say: (line: string) => void) {
    this.#machine = machine;
    this.#site = site;
    this.#say = say;
  }

  async deploy(seen: Seen): Promise<void> {
    this.#word++;
    await this.#site.change(`line ${String(this.#word)}`);
    await this.#run(seen, "deploy", this.#site.directory);
  }

  rollback(seen: Seen): Promise<void> {
    return this.#run(seen, "rollback", "--site", "steady", "--yes");
  }

  async #run(seen: Seen, ...argv: readonly string[]): Promise<void> {
    const said = await this.#machine.howdah(...argv, "--output", "json");
    if (said.code === 0) seen.seconds.push((JSON.parse(said.stdout) as { answeringMs: number }).answeringMs / 1000);
    else seen.errors.push(said.stdout.trim() === "" ? said.stderr : said.stdout);
    this.#say(
      `${argv[0] ?? ""} ${String(seen.seconds.length)}: ${said.code === 0 ? `${String(seen.seconds.at(-1))} s` : `failed\n${said.stdout}${said.stderr}`}`,
    );
    if (seen.errors.length >= GIVE_UP) throw new Error(`${String(GIVE_UP)} commands failed, the last one: ${seen.errors.at(-1) ?? ""}`);
  }
}

interface Seen {
  readonly seconds: number[];
  readonly errors: string[];
}

async function underLoad(deploys: number, site: SteadySite, rollouts: Rollouts): Promise<LostRequests["steady"]> {
  const seen: Seen = { seconds: [], errors: [] };
  const before = await site.rows();
  const load = steadyLoad(site.target, RATE);
  const started = performance.now();
  for (let round = 1; round <= deploys; round++) {
    load.phase("deploy");
    await rollouts.deploy(seen);
    load.phase("steady");
    await sleep(Math.max(0, started + (round * EACH * 1000) / RATE - performance.now()));
  }
  await sleep(1000); // a few more than promised, whatever the clocks think
  const loss = await lossOf(await load.stop(), site, before);
  const { deploy, steady } = loss.phases;
  return { ...loss, deploys: timesOf(seen), ratio: (deploy?.p99 ?? Number.NaN) / (steady?.p99 ?? Number.NaN) };
}

async function underSlow(deploys: number, site: SteadySite, rollouts: Rollouts): Promise<LostRequests["slow"]> {
  const seen: Seen = { seconds: [], errors: [] };
  const before = await site.rows();
  const reports: LoadReport[] = [];
  for (let round = 0; round < deploys; round++) {
    const slow = slowLoad(site.target, { pages: SLOW / 2, uploads: SLOW / 2 });
    await sleep(2000);
    await rollouts.deploy(seen);
    reports.push(await slow);
  }
  const sum = (key: "requests" | "failed" | "stored"): number => reports.reduce((total, report) => total + report[key], 0);
  const last = await lossOf(reports.at(-1) as LoadReport, site, before);
  const failures = reports.flatMap((report) => report.failures);
  return { ...last, requests: sum("requests"), failed: sum("failed"), stored: sum("stored"), failures, deploys: timesOf(seen) };
}

async function back(count: number, site: SteadySite, rollouts: Rollouts): Promise<LostRequests["rollbacks"]> {
  const seen: Seen = { seconds: [], errors: [] };
  const before = await site.rows();
  const load = steadyLoad(site.target, RATE);
  for (let round = 0; round < count; round++) {
    load.phase("deploy");
    await rollouts.deploy({ ...seen, seconds: [] });
    load.phase("steady");
    await sleep(2000);
    load.phase("rollback");
    await rollouts.rollback(seen);
  }
  return { ...(await lossOf(await load.stop(), site, before)), times: timesOf(seen) };
}

async function lossOf(
  { requests, failed, failures, resent, rate, stored, phases }: LoadReport,
  site: SteadySite,
  before: number,
): Promise<Loss> {
  return { requests, failed, failures, resent, rate, stored, rows: (await site.rows()) - before, phases };
}

function timesOf({ seconds, errors }: Seen): Times {
  const sorted = seconds.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    slowest: sorted.at(-1) ?? Number.NaN,
    errors,
  };
}
