import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultSite, staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { pageRequest, steadyLoad } from "../support/steady-load.ts";

const PORT = 18_696;
const skip = await whyNoMachine();

describe.skipIf(skip !== undefined)(`a site beside others${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite;

  beforeAll(async () => {
    machine = await howdahMachine("beside", PORT);
    site = await faultSite(machine, "steady");
    await machine.ok("up", site.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("answers every request while they come, change, stop, and go", async () => {
    const page = pageRequest("/", "release one, installs 1, built one");
    const load = steadyLoad(
      PORT,
      "steady.localhost",
      Array.from({ length: 7 }, () => page), // each waits 60 ms: about 100 a second
    );
    const dynamic = await faultSite(machine, "dynamic", site);
    const still = await staticSite(machine, "still", site);
    for (const other of [dynamic, still]) {
      await machine.ok("up", other.directory);
      await (other === dynamic ? dynamic.behave({ release: "two" }) : still.write("still two"));
      await machine.ok("up", other.directory);
      await machine.ok("down", other.name);
      await machine.ok("up", other.directory);
      await machine.ok("destroy", other.name, "--yes");
      await machine.ok("destroy", other.name, "--purge", "--yes");
    }
    const { good, wrong } = await load.stop();
    expect(wrong).toEqual([]);
    expect(good).toBeGreaterThan(1000);
  });
});
