import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/kernel/error-catalog.ts";
import { run } from "../../src/providers/process.ts";
import type { ReleaseOutcome } from "../../src/workflows/release/release.ts";
import { isPastSwitch, ROLLOUT_STEPS } from "../../src/workflows/rollout/journal.ts";
import { type Behaviour, faultSite, staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { journalOf, killAtStep } from "../support/kill-at-step.ts";
import { leftBehind } from "../support/left-behind.ts";
import { echoRequest, echoScript, pageRequest, steadyLoad } from "../support/steady-load.ts";

const PORT = 18_690;
const skip = await whyNoMachine();

interface Listed {
  readonly id: string;
  readonly serving: boolean;
  readonly why: string | null;
  readonly rollbackOf: string | null;
  readonly images: { readonly web: { readonly reference: string }; readonly php: { readonly reference: string } | null };
  readonly outcome: ReleaseOutcome;
}

describe.skipIf(skip !== undefined)(`deploy and rollback${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite & { behave(behaviour: Behaviour): Promise<void> };
  let plain: TestSite & { write(text: string): Promise<void> };

  beforeAll(async () => {
    machine = await howdahMachine("deploy", PORT);
    site = await faultSite(machine, "dshop");
    await writeFile(join(site.directory, "public/echo.php"), echoScript("dshop"));
    await site.behave({ release: "one" });
    await machine.ok("up", site.directory, "-m", "the first");
    plain = await staticSite(machine, "dplain", site);
    await machine.ok("up", plain.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const page = (release: string): string => `release ${release}, installs 1, built ${release}`;
  const json = async <T>(...argv: readonly string[]): Promise<T> =>
    JSON.parse((await machine.howdah(...argv, "--output", "json")).stdout) as T;
  const releases = async (name: string): Promise<readonly Listed[]> => (await json<{ releases: Listed[] }>("releases", name)).releases;
  const states = async (name: string): Promise<readonly string[]> =>
    (await releases(name)).map(({ id, outcome }) => `${id} ${outcome.state}`);
  const status = (name: string): Promise<{ release: string; failed: ReleaseOutcome | null; rollout: unknown }> => json("status", name);
  const edit = async (from: string, to: string): Promise<void> => {
    const file = join(site.directory, "howdah.yaml");
    await writeFile(
      file,
      (await readFile(file, "utf8")).replace(from, () => to),
    ); // `$'` is no pattern here
  };

  it("deploys only what runs here, and says what starts it", async () => {
    const other = join(machine.directory, "other");
    await cp(plain.directory, other, { recursive: true });
    const { error } = await json<{ error: { code: ErrorCode; hint: string } }>("deploy", other);
    expect(error.code).toBe("site/unknown");
    expect(error.hint).toContain(`howdah up ${other}`);
  });

  it("takes a change into service and back without a failed request", async () => {
    const load = steadyLoad(PORT, "dshop.localhost", [
      pageRequest("/", "installs 1"),
      echoRequest("/echo.php", 2000),
      echoRequest("/echo.php", 200_000),
    ]);
    await site.behave({ release: "two" });
    await machine.ok("deploy", site.directory, "-m", "a second word");
    expect(await site.page()).toBe(page("two"));
    const back = await json<{ from: string; to: string; release: string; answeringMs: number }>("rollback", "--site", "dshop", "--yes");
    expect(back).toMatchObject({ from: "r2", to: "r1", release: "r3" });
    expect(await site.page()).toBe(page("one"));
    expect(back.answeringMs).toBeLessThan(30_000); // 5 s on a machine of one's own: `npm run bench -- rollout`
    const { good, wrong } = await load.stop();
    expect(wrong).toEqual([]);
    expect(good).toBeGreaterThan(20);
    expect(await states("dshop")).toEqual(["r3 serving", "r2 superseded", "r1 superseded"]);
    expect((await releases("dshop")).map(({ why }) => why)).toEqual([null, "a second word", "the first"]);
    expect(await leftBehind(machine, "dshop")).toEqual([]);
  });

  it("asks before it goes back over a migration, since data is not rolled back", async () => {
    const { error } = await json<{ error: { code: ErrorCode; message: string } }>("rollback", "r2", "--site", "dshop");
    expect(error.code).toBe("usage/invalid");
    expect(error.message).toMatch(/Data is not rolled back/);
    expect(await site.page()).toBe(page("one"));
  });

  it("records nothing when nothing changed, and builds nothing for configuration alone", async () => {
    await machine.ok("deploy", plain.directory);
    expect(await states("dplain")).toEqual(["r1 serving"]);
    const file = join(plain.directory, "howdah.yaml");
    await writeFile(file, `${await readFile(file, "utf8")}  hostnames: [dplain.localhost, dalso.localhost]\n`);
    await machine.ok("deploy", plain.directory);
    expect((await machine.get("dalso.localhost", "/")).body).toBe("dplain one\n");
    const [after, before] = await releases("dplain");
    expect(after?.images).toEqual(before?.images);
  });

  it("five kinds of bad release: each is named, none is felt, and none needs a hand before the next good one", async () => {
    const load = steadyLoad(PORT, "dshop.localhost", [pageRequest("/", page("one")), echoRequest("/echo.php", 2000)]);
    const refused = async (code: ErrorCode, step: string, ...argv: readonly string[]): Promise<void> => {
      const { error } = await json<{ error?: { code: ErrorCode } }>(...(argv.length === 0 ? ["deploy", site.directory] : argv));
      expect(error?.code).toBe(code);
      expect(await site.page()).toBe(page("one"));
      if (argv.length > 0) return; // found before there was a release
      const { failed, rollout } = await status("dshop");
      expect({ failed, rollout }).toMatchObject({ failed: { state: "failed", code, step }, rollout: null });
    };
    await site.behave({ release: "two", migrate: 9 });
    await refused("site/migrate-failed", "migrate");
    await site.behave({ release: "two" });
    await edit("  database: {}\n", "  database: {}\n  workers:\n    queue: {command: php -r 'exit(1);'}\n");
    await refused("engine/crashed", "start");
    await edit("  workers:\n    queue: {command: php -r 'exit(1);'}\n", "  rollout: {timeout: 3s}\n");
    await site.behave({ release: "two", health: 503 });
    await refused("site/unhealthy", "ask");
    await edit("  rollout: {timeout: 3s}\n", "");
    await site.behave({ release: "two" });
    await edit("    microcache: false\n", "    microcache: false\n    rewrites: [{from: '^/[b-a]$', to: /index.php}]\n");
    await refused("config/rejected", "check");
    await edit("    rewrites: [{from: '^/[b-a]$', to: /index.php}]\n", "");
    const two = (await releases("dshop")).find(({ id }) => id === "r2");
    await run(["podman", "rmi", "--force", two?.images.php?.reference ?? ""]);
    await refused("image/missing", "", "rollback", "r2", "--site", "dshop", "--yes");
    expect(await leftBehind(machine, "dshop")).toEqual([]);
    expect((await load.stop()).wrong).toEqual([]);
    await machine.ok("deploy", site.directory);
    expect(await site.page()).toBe(page("two"));
  });

  it("killed at any step: one release or the other answers, and the next deploy needs no hand", async () => {
    let before = "dplain one";
    const died: string[] = [];
    await machine.howdah("agent", "--stop"); // the next command has to do it
    for (const step of ROLLOUT_STEPS.filter((one) => one !== "migrate")) {
      const text = `dplain ${step}`;
      await plain.write(text);
      const at = await killAtStep(machine, "dplain", step, "deploy", plain.directory);
      if (at === undefined) continue; // it was over before it could be killed
      died.push(at);
      expect([before, text]).toContain(await plain.page());
      await machine.ok("deploy", plain.directory);
      expect(await plain.page()).toBe(text);
      expect(await leftBehind(machine, "dplain")).toEqual([]);
      before = text;
    }
    expect(died.length).toBeGreaterThan(4);
    const cut = (await states("dplain")).filter((state) => state.endsWith(" interrupted"));
    expect(cut).toHaveLength(died.filter((step) => step !== "build" && !isPastSwitch(step as (typeof ROLLOUT_STEPS)[number])).length);
  });

  it("is settled by the agent when no command comes", async () => {
    const before = await plain.page();
    await plain.write("dplain by the agent");
    const died = await killAtStep(machine, "dplain", "ask", "deploy", plain.directory);
    await machine.ok("deploy", site.directory); // of another site: it starts the agent
    await expect.poll(() => journalOf(machine, "dplain"), { timeout: 180_000, interval: 200 }).toBeUndefined();
    await expect.poll(() => leftBehind(machine, "dplain"), { timeout: 180_000, interval: 500 }).toEqual([]);
    expect([before, "dplain by the agent"]).toContain(await plain.page());
    expect(died).toBeDefined();
  });

  it("exclusive: visitors read the owner's words while the database changes; a failure puts both back", async () => {
    await edit("  database: {}\n", "  database: {}\n  rollout: {strategy: exclusive, message: 'Back <soon> & \"better\"'}\n");
    await machine.ok("deploy", site.directory);
    const seen: { status: number; retry: string | undefined; body: string }[] = [];
    const watching = new AbortController();
    const watch = (async () => {
      while (!watching.signal.aborted) {
        const { status: code, headers, body } = await machine.get("dshop.localhost", "/");
        seen.push({ status: code, retry: headers["retry-after"], body });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    await site.behave({ release: "three", migrate: 7 });
    const { error } = await json<{ error: { code: ErrorCode } }>("deploy", site.directory);
    expect(error.code).toBe("site/migrate-failed");
    expect(await site.page()).toBe(page("two"));
    await site.behave({ release: "three" });
    await machine.ok("deploy", site.directory);
    watching.abort();
    await watch;
    expect(await site.page()).toBe(page("three"));
    const held = seen.filter(({ status: code }) => code === 503);
    expect(held.length).toBeGreaterThan(0);
    for (const { retry, body } of held) {
      expect(Number(retry)).toBeGreaterThan(0);
      expect(body).toContain("Back &lt;soon&gt; &amp; &quot;better&quot;");
    }
    expect(new Set(seen.map(({ status: code }) => code))).toEqual(new Set([200, 503]));
    // one failure of the rolling release above; what the exclusive one wrote went when the dump was put back
    expect((await machine.get("dshop.localhost", "/failures.php")).body).toBe("1");
  });
});
