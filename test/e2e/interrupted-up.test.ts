import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultSite, staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { leftBehind } from "../support/left-behind.ts";
import { stopAtEvent } from "../support/stop-at-event.ts";

const PORT = 18_660;
const skip = await whyNoMachine();

describe.skipIf(skip !== undefined)(`up that is interrupted${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let plain: TestSite & { write(text: string): Promise<void> };

  beforeAll(async () => {
    machine = await howdahMachine("cut", PORT);
    plain = await staticSite(machine, "plain");
    await machine.ok("up", plain.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("converges after kill -9 at many moments, and answers all the while", async () => {
    let before = "plain one";
    let killed = 0;
    // an `up` of one changed page says about 30 things: killed at every fourth
    for (let event = 2; event <= 26; event += 4) {
      const text = `plain ${event}`;
      await plain.write(text);
      if (await stopAtEvent(machine, "SIGKILL", { event }, "up", plain.directory)) killed++;
      const page = await plain.page();
      expect([before, text]).toContain(page);
      before = page;
    }
    expect(killed).toBeGreaterThan(3);
    await plain.write("plain end");
    await machine.ok("up", plain.directory);
    expect(await plain.page()).toBe("plain end");
    expect(await leftBehind(machine, "plain")).toEqual([]);
  });

  it("installs exactly once, whatever step of the first `up` it is killed at", async () => {
    const site = await faultSite(machine, "killed");
    // each attempt goes on where the last was killed, and is killed some steps later
    let killed = 0;
    while (await stopAtEvent(machine, "SIGKILL", { event: 4 + killed * 12 }, "up", site.directory)) killed++;
    expect(killed).toBeGreaterThan(2);
    await machine.ok("up", site.directory);
    expect(await site.page()).toBe("release one, installs 1, built one");
    expect(await leftBehind(machine, "killed")).toEqual([]);
    expect(await plain.page()).toBe("plain end");
  });

  it("installs exactly once when it is killed while the site is installed", async () => {
    const site = await faultSite(machine, "midway", await siteWithLock());
    expect(await stopAtEvent(machine, "SIGKILL", { containing: '"detail":"installing"' }, "up", site.directory)).toBe(true);
    await machine.ok("up", site.directory);
    expect(await site.page()).toBe("release one, installs 1, built one");
    expect(await leftBehind(machine, "midway")).toEqual([]);
  });

  it("Ctrl-C says that it was stopped, leaves the former release, and the next up goes on", async () => {
    for (const containing of ['"id":"images"', '"id":"network"', '"id":"bases"', '"id":"apply/Deployment/web"']) {
      const before = await plain.page();
      const text = `plain ${containing.replaceAll(/[^a-z]/gi, " ")}`;
      await plain.write(text);
      let code = -1;
      const stopped = await stopAtEvent(machine, "SIGINT", { containing, ended: (exit) => (code = exit) }, "up", plain.directory);
      expect({ containing, stopped, code }).toEqual({ containing, stopped: true, code: 130 });
      expect(await plain.page()).toBe(before);
      expect(await leftBehind(machine, "plain")).toEqual([]);
    }
    await plain.write("plain after");
    await machine.ok("up", plain.directory);
    expect(await plain.page()).toBe("plain after");
  });

  it("two at once on one site: the second names the first, which goes on", async () => {
    await plain.write("plain both");
    // the second starts when the first says that it works
    const first = machine.start("up", plain.directory, "--output", "json");
    expect(await first.says('"id":"images"')).toBe(true);
    const second = await machine.howdah("up", plain.directory, "--output", "json");
    expect((await first.done).code).toBe(0);
    expect(second.code).toBe(75);
    const { error } = JSON.parse(second.stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe("machine/busy");
    expect(error.message).toContain(`process ${first.pid})`);
    expect(await plain.page()).toBe("plain both");
    expect(await leftBehind(machine, "plain")).toEqual([]);
  });

  it("two at once on two sites: both succeed on one server and one edge", async () => {
    const lock = await siteWithLock();
    const [left, right] = [await faultSite(machine, "left", lock), await faultSite(machine, "right", lock)];
    const said = await Promise.all([machine.howdah("up", left.directory), machine.howdah("up", right.directory)]);
    expect(said.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
    for (const site of [left, right]) expect(await site.page()).toBe("release one, installs 1, built one");
  });

  const siteWithLock = async (): Promise<TestSite> => ({ ...plain, directory: `${machine.directory}/killed` });
});
