import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type ClusterSteadySite, clusterSteadySite, NO_SESSIONS } from "../support/load/cluster-steady-site.ts";
import type { LoadReport } from "../support/load/load-report.ts";
import { steadyLoad } from "../support/load/load-tool.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const DEPLOYS = 3;
/** Machines of a CI share their cores with three nodes and other tests: a site that can't keep up would fail for that. The bench sends more. */
const RATE = 30;
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-no-request-lost.test.ts is skipped: ${why}\n`);

type Parts = Readonly<Record<string, unknown>>;

interface ReleaseObject {
  readonly spec: Record<string, unknown> & { readonly images: Record<string, { readonly reference: string; readonly digest: string }> };
  readonly status?: { readonly state?: string; readonly reason?: string };
}

// Short forms of A1 and A3 on a cluster; the long one of A1: `npm run bench -- cluster-rollout`.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a site on a cluster loses no request", () => {
  let rig: OperatorRig;
  let site: ClusterSteadySite;

  beforeAll(async () => {
    rig = await operatorRig("cnr", 18_752);
    await rig.operator();
    site = await clusterSteadySite(rig);
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  /** All answers were right, and what was answered is what is stored: nothing got lost, nothing was done twice. */
  async function whole({ failures, failed, stored, ...rest }: LoadReport, rowsBefore: number): Promise<void> {
    console.log(`cluster: ${JSON.stringify({ ...rest, releases: undefined })}`);
    expect(failures).toEqual([]);
    expect(failed).toBe(0);
    expect(await site.rows()).toBe(rowsBefore + stored);
  }
  const release = async (name: string): Promise<ReleaseObject> =>
    JSON.parse(await rig.kubectl("get", "release", name, "--namespace", site.namespace, "--output=json")) as ReleaseObject;
  const newest = async (): Promise<string> => {
    const said = await rig.ok("releases", site.namespace, "--context", ".", "--output", "json");
    return (JSON.parse(said.stdout) as { releases: { id: string }[] }).releases[0]?.id ?? "";
  };
  /** Former pods may answer for seconds. */
  const serves = (word: string): Promise<void> => expect.poll(() => site.release(), { timeout: 60_000, interval: 500 }).toBe(word);

  it(`by ${String(DEPLOYS)} deploys under ${String(RATE)} requests a second`, async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    for (let round = 1; round <= DEPLOYS; round++) {
      load.phase("deploy");
      await site.change(`round ${String(round)}`);
      await site.deploy();
      load.phase("steady");
      await sleep(1000);
    }
    await serves(`round ${String(DEPLOYS)}`);
    await whole(await load.stop(), before);
  });

  // A page that answers with an error is in operator-deploy.test.ts.
  it("by releases that can't serve: it says why, and the next good one needs nobody", async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    const code = (name: string, php: string): Promise<void> => writeFile(join(site.directory, name), `<?php\n${php}\n`);
    await code("throws.php", `throw new Exception("it can't begin");`);
    await code("waits.php", "sleep(600);");
    await code("fails.php", `fwrite(STDERR, "no such table\\n"); exit(3);`);
    const preload = (file: string): Parts => ({
      runtime: { php: "8.4", ini: { ...NO_SESSIONS, "opcache.preload": `/srv/web/${file}` } },
      rollout: { timeout: "20s" },
    });
    const cases: readonly (readonly [name: string, parts: Parts, reason: RegExp])[] = [
      ["ends at its start", preload("throws.php"), /it can't begin/],
      ["never gets ready", preload("waits.php"), /not ready/],
      ["has a migration that fails", { hooks: { migrate: { run: "php fails.php" } } }, /no such table/],
      [
        "has a configuration that nginx refuses",
        { web: { root: "public", healthPath: "/echo.php", rewrites: [{ from: "^/a[[:no:]]", to: "/b" }] } },
        /pcre/i,
      ],
    ];
    const told: string[] = [];
    for (const [name, parts, reason] of cases) {
      load.phase(name);
      await site.write(parts);
      const began = performance.now();
      const said = await rig.howdah(...site.deployArguments);
      const seconds = (performance.now() - began) / 1000;
      const status = (await release(await newest())).status;
      console.log(`cluster: ${name}: ${String(status?.reason)} after ${seconds.toFixed(1)} s`);
      if (said.code === 0 || status?.state !== "failed" || !reason.test(status.reason ?? ""))
        told.push(`${name}: ${JSON.stringify({ state: status?.state, reason: status?.reason })}`);
    }
    load.phase("is good");
    await site.write();
    await site.change("good again");
    await site.deploy();
    await serves("good again");
    expect(told).toEqual([]);
    await whole(await load.stop(), before);
  });
});
