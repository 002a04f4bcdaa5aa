import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyPlan } from "../../apply/apply-plan.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { liveSite } from "../../render/site/live-site.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { Ports } from "../ports.ts";
import { planRollback, rollBack } from "../release/roll-back.ts";
import { releaseOf } from "../release/release-store.ts";
import { type ReleaseRig, releaseRig } from "../testing/release-rig.ts";
import { leaveWatch } from "./leave-watch.ts";
import { forgetWatch, watchOf, type WatchRecord } from "./watch-record.ts";

/** A site of one release, `r1`, whose pods were put over watched code. */
async function watchedSite(): Promise<ReleaseRig> {
  const rig = releaseRig();
  await rig.deploy("one");
  const { site, input } = await releaseOf("blog", "r1", rig.ports);
  const images = { ...input.images, web: "live" };
  const desired = renderSite(liveSite(site), { ...input, images, live: { php: null, web: "/live/web" } });
  const record: WatchRecord = {
    ...{ namespace: "blog", session: "s1", source: "/blog", process: "1 1", since: "", release: "r1" },
    deployments: desired.filter(({ key }) => key.startsWith("Deployment/")).map(({ digest }) => digest),
  };
  await rig.ports.watches.put("blog", record);
  await applyPlan("blog", planObjects(desired, await rig.engine.inventory("blog")), rig.engine, rig.context);
  return rig;
}

describe("the end of a watch", () => {
  it("is the release that served before", async () => {
    const rig = await watchedSite();
    expect(rig.page()).toBe("live");
    expect(await watchOf("blog", rig.ports)).toMatchObject({ session: "s1" });
    expect(await leaveWatch("blog", "s1", rig.ports, rig.context)).toBe("r1");
    expect(rig.page()).toBe("one");
    expect(await rig.ports.watches.get("blog")).toBeUndefined();
  });

  it("starts nothing of a site that was stopped meanwhile", async () => {
    const rig = await watchedSite();
    await rig.engine.scaleDown("blog", rig.context);
    const http: Ports["http"] = { get: () => Promise.reject(new Error("nobody may be asked")) };
    expect(await leaveWatch("blog", "s1", { ...rig.ports, http }, rig.context)).toBe("r1");
    expect((await rig.engine.inventory("blog")).down).toBe(true);
  });

  it("waits for a command that is at work on the site", async () => {
    const rig = await watchedSite();
    let refusals = 3;
    const hold: Ports["locks"]["hold"] = async (_namespace, _command, work) => {
      if (refusals-- > 0) throw new HowdahError("machine/busy", "`howdah cron run` is working on blog");
      return work();
    };
    expect(await leaveWatch("blog", "s1", { ...rig.ports, locks: { hold } }, rig.context)).toBe("r1");
  });

  it("touches nothing when another command has put a release there meanwhile", async () => {
    const rig = await watchedSite();
    await rig.deploy("two");
    expect(await watchOf("blog", rig.ports)).toBeUndefined();
    expect(await leaveWatch("blog", "s1", rig.ports, rig.context)).toBeNull();
    expect(rig.page()).toBe("two");
  });

  it("touches nothing when another process watches by now", async () => {
    const rig = await watchedSite();
    expect(await leaveWatch("blog", "another", rig.ports, rig.context)).toBeNull();
    expect(rig.page()).toBe("live");
    expect(await rig.ports.watches.get("blog")).toBeDefined();
  });

  it("does not come while former pods still end", async () => {
    const rig = await watchedSite();
    const inventory = async (): ReturnType<ReleaseRig["engine"]["inventory"]> => {
      const found = await rig.engine.inventory("blog");
      return { ...found, objects: new Map([...found.objects].map(([key, digest]) => [key, `${digest}-unsettled`])) };
    };
    expect(await watchOf("blog", { ...rig.ports, engine: { ...rig.engine, inventory } })).toBeDefined();
  });

  it("does not fail a command that has switched already, whatever is left of the copy", async () => {
    const rig = await watchedSite();
    await rig.deploy("two");
    const directory = await mkdtemp(join(tmpdir(), "howdah-forget-"));
    await writeFile(join(directory, "live"), "nothing below it can be removed");
    const settings = { ...rig.ports.settings, stateDirectory: directory };
    await forgetWatch("blog", { ...rig.ports, settings });
    expect(await rig.ports.watches.get("blog")).toBeUndefined();
    await rm(directory, { recursive: true });
  });

  it("keeps what pods mount, whoever wants to clear up", async () => {
    const rig = await watchedSite();
    await forgetWatch("blog", rig.ports);
    expect(await watchOf("blog", rig.ports)).toBeDefined();
  });

  it("may be a rollback to the very release that serves otherwise", async () => {
    const rig = await watchedSite();
    const list = (): ReturnType<Ports["images"]["list"]> =>
      Promise.resolve([{ reference: "one", digest: "sha256:one", sizeBytes: 1, kind: "site", site: "blog" }]);
    const ports = { ...rig.ports, images: { list } } as unknown as Ports;
    const record = await ports.records.get("blog");
    if (record === undefined) throw new TypeError("the rig has no record");
    const plan = await planRollback(record, "r1", ports);
    expect(plan.steps.map(({ do: verb, key }) => `${verb} ${key}`)).toContain("update Deployment/web");
    const done = await rollBack(plan, null, ports, rig.context).catch((error: unknown) => error);
    expect(done).toMatchObject({ kind: "done", to: "r1" });
    expect(rig.page()).toBe("one");
    expect(await ports.watches.get("blog")).toBeUndefined();
  });
});
