import { describe, expect, it } from "vitest";
import { releasesOf } from "../release/release-store.ts";
import { Killed, type ReleaseRig, releaseRig } from "../testing/release-rig.ts";
import { ROLLOUT_STEPS } from "./journal.ts";
import { recoverCutOff, recoverRollout } from "./recover-rollout.ts";

const states = async (rig: ReleaseRig): Promise<readonly string[]> =>
  (await releasesOf("blog", rig.ports)).map(({ release, outcome }) => `${release.id} ${outcome?.state ?? "?"}`);

async function serving(): Promise<ReleaseRig> {
  const rig = releaseRig();
  await rig.deploy("one");
  return rig;
}

describe("a rollout", () => {
  it("takes a release into service and leaves no journal", async () => {
    const rig = await serving();
    await rig.deploy("two");
    expect(rig.page()).toBe("two");
    expect(await states(rig)).toEqual(["r2 serving", "r1 superseded"]);
    expect((await rig.ports.records.get("blog"))?.serving).toMatchObject({ release: "r2", releaseId: "two" });
    expect(await rig.ports.rollouts.list()).toEqual([]);
  });

  it.each([
    { image: "bad", code: "engine/crashed", step: "start" },
    { image: "sick", code: "site/unhealthy", step: "answer" },
  ])("goes back by itself when the new release is $image, and says why", async ({ image, code, step }) => {
    const rig = await serving();
    await expect(rig.deploy(image)).rejects.toMatchObject({ code });
    expect(rig.page()).toBe("one");
    const [newest] = await releasesOf("blog", rig.ports);
    expect(newest?.outcome).toMatchObject({ state: "failed", code, step });
    expect((await rig.ports.records.get("blog"))?.images.web).toBe("one");
    expect(await rig.ports.rollouts.list()).toEqual([]);
    await rig.deploy("two");
    expect(rig.page()).toBe("two");
  });

  it.each(
    ROLLOUT_STEPS.filter((step) => step !== "migrate").flatMap((step) => [
      { step, strategy: undefined },
      { step, strategy: "exclusive" as const },
    ]),
  )("killed at $step ($strategy) is settled: one release or the other, and the next goes through", async ({ step, strategy }) => {
    const rig = await serving();
    const how = strategy === undefined ? {} : { strategy };
    await expect(rig.deploy("two", { killAt: step, ...how })).rejects.toBeInstanceOf(Killed);
    await recoverRollout("blog", rig.ports, rig.context);
    const past = ["switch", "answer", "drain"].includes(step);
    expect(rig.page()).toBe(past ? "two" : "one");
    expect((await rig.ports.records.get("blog"))?.images.web).toBe(rig.page());
    expect(await rig.ports.rollouts.list()).toEqual([]);
    expect((await states(rig)).at(0)).toBe(step === "build" ? "r1 serving" : past ? "r2 serving" : "r2 interrupted");
    await rig.deploy("three", how);
    expect(rig.page()).toBe("three");
  });

  it("settled twice does nothing the second time", async () => {
    const rig = await serving();
    await rig.deploy("two", { killAt: "ask" }).catch(() => undefined);
    expect((await recoverCutOff(rig.ports, rig.context)).did).toHaveLength(1);
    expect(await recoverCutOff(rig.ports, rig.context)).toEqual({ did: [], failed: [] });
  });
});
