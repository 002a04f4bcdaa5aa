import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterSteadySite } from "../../test/support/load/cluster-steady-site.ts";
import type { LoadReport } from "../../test/support/load/load-report.ts";
import { steadyLoad } from "../../test/support/load/load-tool.ts";
import { operatorRig } from "../../test/support/operator-rig.ts";

const PORT = 18_498;
/** Requests a second, as promised. */
const RATE = 100;
/** What is steady is measured alone first, and for a while after each deploy. */
const FIRST_MS = 20_000;
const BETWEEN_MS = 5000;

/** What deploys on a cluster cost visitors. */
export interface ClusterRollouts extends Pick<LoadReport, "requests" | "failed" | "failures" | "resent" | "rate" | "phases" | "stored"> {
  /** Rows that are there for the bodies that were answered as stored: as many, or something got lost or was done twice. */
  readonly rows: number;
  /** Seconds of each deploy, from the command to the release that serves. */
  readonly seconds: readonly number[];
  /** p99 during deploys by p99 between them. */
  readonly ratio: number;
  /** Load average of a minute, at the begin and at each deploy's end: figures of a busy machine are not Howdah's alone. */
  readonly load: readonly number[];
}

/**
 * A1 on the test cluster (`npm run cluster -- start` before): deploys a changed line again and again, each as soon as the one before serves,
 * under 100 requests a second through the Gateway, 30 % of them POST, every body compared. The operator runs from this checkout.
 * @param deploys 20 on a quiet machine take about ten minutes; 100 is the promise
 */
export async function clusterRollouts(deploys: number, say: (line: string) => void): Promise<ClusterRollouts> {
  const rig = await operatorRig("bcr", PORT);
  try {
    await rig.operator();
    const site = await clusterSteadySite(rig);
    say(`the site is up: ${site.namespace}`);
    const seconds: number[] = [];
    const machine = [loadNow()];
    const steady = steadyLoad(site.target, RATE);
    await sleep(FIRST_MS);
    for (let round = 1; round <= deploys; round++) {
      steady.phase("deploy");
      await site.change(`line ${String(round)}`);
      const { release, answeringMs } = await site.deploy();
      seconds.push(answeringMs / 1000);
      machine.push(loadNow());
      say(`${release}: ${String(answeringMs / 1000)} s, load ${String(loadNow())}`);
      steady.phase("steady");
      await sleep(BETWEEN_MS);
    }
    const { requests, failed, failures, resent, rate, phases, stored } = await steady.stop();
    const ratio = (phases["deploy"]?.p99 ?? Number.NaN) / (phases["steady"]?.p99 ?? Number.NaN);
    return { requests, failed, failures, resent, rate, phases, stored, rows: await site.rows(), seconds, ratio, load: machine };
  } finally {
    await rig.close();
  }
}

function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}
