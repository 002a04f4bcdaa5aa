import { afterAll, describe, expect, it } from "vitest";
import { siteOf } from "../../src/render/nginx/testing/example-sites.ts";
import type { DebianPrograms } from "../support/debian-programs.ts";
import { webPrograms } from "../support/web-programs.ts";
import { startWebRig, type WebRig } from "../support/web-rig.ts";

const programs: DebianPrograms | undefined = await webPrograms();

/** nginx writes lines by the buffer; none may get lost or torn on the way. */
describe.skipIf(programs === undefined)("the access log", () => {
  const rigs: WebRig[] = [];
  const start = async (): Promise<WebRig> => {
    if (programs === undefined) throw new Error("unreachable");
    const rig = await startWebRig(programs, siteOf({ runtime: { php: "8.2" } }, "demo"), { "index.php": "<?php echo 'hi';", "a.txt": "a" });
    rigs.push(rig);
    return rig;
  };
  afterAll(async () => {
    for (const one of rigs) await one.stop();
    await programs?.remove();
  });
  const numbers = async (rig: WebRig): Promise<readonly string[]> =>
    (await rig.accessLog()).map(({ u }) => /^\/a\.txt\?(\d+)$/.exec(String(u))?.[1]).filter((one) => one !== undefined);
  const asked = (count: number, from = 0): readonly string[] => Array.from({ length: count }, (_, index) => String(from + index));

  it("shows a line within about a second", async () => {
    const rig = await start();
    await rig.ask("/a.txt?1");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await numbers(rig)).toEqual(["1"]);
  });

  it("loses no line by a graceful stop", async () => {
    const rig = await start();
    for (const number of asked(101)) await rig.ask(`/a.txt?${number}`);
    await rig.signalNginx("SIGQUIT");
    expect(await numbers(rig)).toEqual(asked(101));
  });

  it("loses no line by a reload under load, nor by the stop that follows", async () => {
    const rig = await start();
    for (const number of asked(50)) await rig.ask(`/a.txt?${number}`);
    await rig.signalNginx("SIGHUP");
    for (const number of asked(51, 50)) await rig.ask(`/a.txt?${number}`);
    await rig.signalNginx("SIGQUIT");
    expect((await numbers(rig)).toSorted((a, b) => Number(a) - Number(b))).toEqual(asked(101));
  });

  it("writes long lines whole", async () => {
    const rig = await start();
    const path = `/a.txt?${"x".repeat(3900)}`;
    await Promise.all(asked(20).map(() => rig.ask(path, { headers: { referer: `http://a/${"y".repeat(3000)}` } })));
    await rig.signalNginx("SIGQUIT");
    expect((await rig.accessLog()).filter(({ u }) => u === path)).toHaveLength(20);
  });
});
