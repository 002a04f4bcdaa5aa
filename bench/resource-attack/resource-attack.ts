import { statfs } from "node:fs/promises";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { ATTACKS, type Attack, attackSite } from "./attack-site.ts";

const PORT = 18_490;
const LEAD_MS = 1_500;

/** What visitors of a site saw. */
interface Seen {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: readonly string[];
}

/** One attack, and what the neighbour's visitors saw without it and during it. */
export interface AttackRow {
  readonly attack: Attack;
  /** What the attacker got, in its own words. */
  readonly got: string;
  readonly quiet: Seen;
  readonly attacked: Seen;
  readonly p99Times: number;
  readonly diskFreePercent: number;
  readonly load: number;
}

/** One site attacks the machine while visitors ask another one: both share the way in, a database server and two processors. */
export async function resourceAttacks(
  kinds: readonly Attack[],
  seconds: number,
  say: (line: string) => void,
): Promise<readonly AttackRow[]> {
  // Sites reach the way in only where it listens for more than the machine itself.
  const machine = await howdahMachine("bench-attack", PORT, { HOWDAH_BIND: "0.0.0.0" });
  try {
    for (const name of ["attacker", "neighbour"]) await machine.ok("up", await attackSite(machine, name));
    const rows: AttackRow[] = [];
    for (const attack of kinds.length === 0 ? ATTACKS : kinds) {
      const row = await attacked(machine, attack, seconds);
      say(JSON.stringify(row));
      rows.push(row);
      await sleep(3_000);
    }
    return rows;
  } finally {
    await machine.remove();
  }
}

async function attacked(machine: HowdahMachine, attack: Attack, seconds: number): Promise<AttackRow> {
  // So many rows in each of two tables: scans and a change of the whole table take longer than the attack.
  if (attack === "queries") await machine.get("attacker.localhost", "/start.php?kind=prepare&seconds=200000");
  const quiet = await visitors(machine, seconds);
  const lasts = seconds + LEAD_MS / 1000 + 1;
  const got = machine
    .get("attacker.localhost", `/start.php?kind=${attack}&seconds=${String(Math.ceil(lasts))}&port=${String(PORT)}`)
    .then(({ status, body }) => (status === 200 ? body : `status ${String(status)}`))
    .catch((error: unknown) => String(error));
  await sleep(LEAD_MS);
  const during = await visitors(machine, seconds);
  const { bavail, blocks } = await statfs("/var/lib/containers");
  return {
    ...{ attack, quiet, attacked: during, got: await got },
    p99Times: Math.round((during.p99Ms / quiet.p99Ms) * 10) / 10,
    diskFreePercent: Math.round((bavail / blocks) * 100),
    load: Math.round(loadavg()[0] ?? 0),
  };
}

/** Three visitors, each with a request of its own after the other. */
async function visitors(machine: HowdahMachine, seconds: number): Promise<Seen> {
  const times: number[] = [];
  const errors = new Set<string>();
  let failed = 0;
  const end = Date.now() + seconds * 1000;
  const one = async (): Promise<void> => {
    while (Date.now() < end) {
      const began = performance.now();
      const wrong = await machine.get("neighbour.localhost", "/").then(
        ({ status, body }) => (status === 200 && body === "fine 2" ? undefined : `status ${String(status)}`),
        (error: unknown) => String(error),
      );
      times.push(performance.now() - began);
      if (wrong !== undefined) failed += 1;
      if (wrong !== undefined) errors.add(wrong);
      await sleep(40);
    }
  };
  await Promise.all([one(), one(), one()]);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { requests: times.length, p50Ms: at(0.5), p99Ms: at(0.99), errors: failed === 0 ? [] : [`${String(failed)} failed`, ...errors] };
}
