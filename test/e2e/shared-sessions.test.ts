import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { countingPage } from "../support/counting-page.ts";

const PORT = 18_847;
const skip = await whyNoMachine();
const suffix = skip === undefined ? "" : ` (${skip})`;

const fileOf = (name: string, more: string): string => `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${name}}
spec:
  runtime: {php: "8.4"}
  web: {microcache: false}
  scale: {replicas: 2}
${more}`;

describe.skipIf(skip !== undefined)(`sessions of a site with several pods${suffix}`, () => {
  let machine: HowdahMachine;

  beforeAll(async () => {
    machine = await howdahMachine("logins", PORT);
  });
  afterAll(async () => {
    expect(await machine?.remove()).toEqual([]);
  });

  const bring = async (name: string, more: string): Promise<string> => {
    const site = join(machine.directory, name);
    await mkdir(site);
    await writeFile(join(site, "howdah.yaml"), fileOf(name, more));
    await writeFile(join(site, "index.php"), countingPage("first"));
    await machine.ok("up", site);
    return site;
  };
  /** A browser: it takes every cookie that it is given, so that a session that is replaced by another is lost for it. */
  interface Browser {
    cookie: string;
  }
  /** Its answer's words: how often this visitor was here, which code answered, in which pod. Nothing of them while nobody answers. */
  const visit = async (name: string, browser: Browser, path = "/"): Promise<readonly [visits: number, code: string, pod: string]> => {
    const answer = await machine.get(`${name}.localhost`, path, { headers: { cookie: browser.cookie } }).catch(() => undefined);
    browser.cookie = (answer?.headers["set-cookie"]?.[0] ?? browser.cookie).split(";")[0] ?? "";
    const [visits = "", code = "", pod = ""] = (answer?.body ?? "").trim().split(" ");
    return [Number(visits), code, pod];
  };
  /** Comes back until a page of `code` has a session, which must count on: a visitor who is a stranger now stays one. */
  const countsOn = async (name: string, browser: Browser, before: number, code: string): Promise<number> => {
    let seen: readonly [number, string, string] = [0, "", ""];
    await expect
      .poll(async () => (seen = await visit(name, browser)), { timeout: 180_000, interval: 250 })
      .toEqual([expect.any(Number), code, expect.stringMatching(/./)]);
    expect(seen[0]).toBeGreaterThan(before);
    return seen[0];
  };
  const podsOf = async (name: string, workload: string): Promise<string[]> => {
    const { stdout } = await run(["podman", "pod", "ls", "--format", "{{.Name}}", "--filter", `name=^t-logins.${name}.${workload}`]);
    return stdout.split("\n").filter((line) => line !== "");
  };

  it("are the same in each pod, and outlive a release: on the volume of a site that shares one", async () => {
    const site = await bring("logins", "  mounts: {files: {}}\n");
    const browser: Browser = { cookie: "" };
    await visit("logins", browser);
    const seen: (readonly [number, string, string])[] = [];
    for (let visits = 2; visits < 14; visits += 1) seen.push(await visit("logins", browser));
    expect(seen.map(([visits]) => visits)).toEqual(Array.from({ length: 12 }, (_, index) => index + 2));
    expect(new Set(seen.map(([, , pod]) => pod)).size).toBe(2);
    await writeFile(join(site, "index.php"), countingPage("next"));
    await machine.ok("deploy", site);
    expect(await visit("logins", browser)).toEqual([14, "next", expect.any(String)]);
  });

  describe("of a site that shares no volume, on its server", () => {
    let site: string;
    const browser: Browser = { cookie: "" };
    let visits: number;
    beforeAll(async () => {
      site = await bring("visits", "");
      [visits] = await visit("visits", browser);
    });

    it("are the same in each pod", async () => {
      const seen: (readonly [number, string, string])[] = [];
      for (; visits < 13; visits += 1) seen.push(await visit("visits", browser));
      expect(seen.map(([count]) => count)).toEqual(Array.from({ length: 12 }, (_, index) => index + 2));
      expect(new Set(seen.map(([, , pod]) => pod)).size).toBe(2);
    });

    it("belong to one request at a time, whichever pod has it", async () => {
      const together = Array.from({ length: 8 }, () => visit("visits", browser, "/?slowly"));
      const counted = (await Promise.all(together)).map(([count]) => count - visits);
      expect(counted.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      visits += 8;
    });

    it("outlive a pod, a restart of the server, and a release", async () => {
      const [web = ""] = await podsOf("visits", "web");
      await run(["podman", "pod", "rm", "--force", "--time=0", web]);
      visits = await countsOn("visits", browser, visits, "first");
      const [server = ""] = await podsOf("visits", "sessions");
      await run(["podman", "pod", "kill", "--signal=KILL", server]);
      visits = await countsOn("visits", browser, visits, "first");
      await writeFile(join(site, "index.php"), countingPage("next"));
      await machine.ok("deploy", site);
      visits = await countsOn("visits", browser, visits, "next");
      expect(await podsOf("visits", "sessions")).toEqual([server]);
    });
  });
});
