import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DatabaseDrill } from "../../src/workflows/drill/drill-database.ts";
import type { EdgeDrill } from "../../src/workflows/drill/drill-edge.ts";
import { faultSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();

describe.skipIf(skip !== undefined)(`drills on one machine${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;

  beforeAll(async () => {
    machine = await howdahMachine("drill", 18_890);
    const site = await faultSite(machine, "drilled");
    await machine.ok("up", site.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("kill and freeze the database under load: nothing acknowledged is lost or there twice, and nothing of the drill stays", async () => {
    const said = await machine.ok("drill", "db", "--faults", "kill,freeze", "--hold", "2s", "--max-gap", "2m", "--yes", "--output", "json");
    const drill = JSON.parse(said.stdout) as DatabaseDrill;
    expect(drill).toMatchObject({ lost: 0, doubled: 0, exceeded: [] });
    expect(drill.acknowledged).toBeGreaterThan(100);
    expect(drill.faults.map(({ fault }) => fault)).toEqual(["kill", "freeze"]);
    // Who was killed refused somebody, and who stood still answered nobody.
    expect(Object.keys(drill.faults[0]?.errors ?? {})).not.toEqual([]);
    expect(drill.faults[1]?.gapMs).toBeGreaterThan(1500);
    expect((await machine.get("drilled.localhost", "/")).status).toBe(200);
    expect((await machine.ok("db", "dump", "drilled", "-")).stdout).not.toContain("howdah_drill");
  });

  it("fail where a limit is exceeded, and say by what", async () => {
    const said = await machine.howdah("drill", "db", "--faults", "freeze", "--hold", "2s", "--max-gap", "1s", "--yes");
    expect(said.code).toBe(1);
    expect(said.stdout).toMatch(/ms passed without success, more than 1000/);
  });

  it("reload, freeze and kill the way in, which comes back", async () => {
    const flags = ["--faults", "reload,freeze,kill", "--hold", "1s", "--max-gap", "2m", "--yes", "--output", "json"];
    const drill = JSON.parse((await machine.ok("drill", "lb", "drilled", ...flags)).stdout) as EdgeDrill;
    expect(drill.exceeded).toEqual([]);
    // A reload loses no request.
    expect(drill.faults[0]).toMatchObject({ fault: "reload", errors: {} });
    expect((await machine.get("drilled.localhost", "/")).status).toBe(200);
  });

  it("ask before they harm", async () => {
    const said = await machine.howdah("drill", "db");
    expect([said.code, said.stderr]).toEqual([64, expect.stringContaining("This harms what runs here")]);
  });
});
