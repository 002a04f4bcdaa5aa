import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import type { LoadReport } from "../support/load/load-report.ts";
import { slowLoad, steadyLoad } from "../support/load/load-tool.ts";
import { type SteadySite, steadySite } from "../support/load/steady-site.ts";

const PORT = 18_710;
const DEPLOYS = 5;
const RATE = 100;
const skip = await whyNoMachine();

// Short forms of A1, A2 and D8; the long ones: `npm run bench -- rollout`.
describe.skipIf(skip !== undefined)(`deploys lose no request${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: SteadySite;

  beforeAll(async () => {
    machine = await howdahMachine("steady", PORT);
    site = await steadySite(machine);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  /** All answers were right, and what was answered is what is stored: nothing got lost, nothing was done twice. */
  async function whole({ failures, failed, stored }: LoadReport, rowsBefore: number): Promise<void> {
    expect(failures).toEqual([]);
    expect(failed).toBe(0);
    expect(await site.rows()).toBe(rowsBefore + stored);
  }

  it(`${String(DEPLOYS)} deploys under ${String(RATE)} requests a second`, async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    for (let round = 1; round <= DEPLOYS; round++) {
      load.phase("deploy");
      await site.change(`round ${String(round)}`);
      await machine.ok("deploy", site.directory);
      expect(await site.release()).toBe(`round ${String(round)}`);
      load.phase("steady");
      await sleep(500);
    }
    const report = await load.stop();
    console.log(`deploys: ${JSON.stringify({ ...report, failures: undefined, releases: undefined })}`);
    await whole(report, before);
    expect(Object.keys(report.releases)).toEqual(["zero", ...Array.from({ length: DEPLOYS }, (_, round) => `round ${String(round + 1)}`)]);
    expect(report.rate).toBeGreaterThan(RATE / 2); // enough for a request to fall on each step; the machine may be busy
  });

  it("slow pages and slow uploads under way during a deploy end well", async () => {
    const before = await site.rows();
    const slow = slowLoad(site.target, { pages: 10, uploads: 10 });
    await sleep(1500);
    await site.change("slow");
    await machine.ok("deploy", site.directory);
    const report = await slow;
    await whole(report, before);
    expect(report.requests).toBe(20);
    expect(report.releases["slow"] ?? 0).toBeLessThan(20);
  });

  it("a rollback under load loses nothing, and is quick", async () => {
    const before = await site.rows();
    const load = steadyLoad(site.target, RATE);
    await sleep(500);
    const said = await machine.ok("rollback", "--site", "steady", "--yes", "--output", "json");
    const { answeringMs } = JSON.parse(said.stdout) as { answeringMs: number };
    console.log(`rollback: answering after ${String(answeringMs)} ms`);
    expect(await site.release()).toBe(`round ${String(DEPLOYS)}`);
    await whole(await load.stop(), before);
    expect(answeringMs).toBeLessThan(20_000); // the promise is 5 s; machines of a CI share their cores
  });
});
