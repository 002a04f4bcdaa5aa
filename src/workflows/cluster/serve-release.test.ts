import { describe, expect, it } from "vitest";
import { resources } from "../../kubernetes/resources.ts";
import { clusterRig } from "./testing/cluster-rig.ts";

const states = (rig: ReturnType<typeof clusterRig>): string[] =>
  rig.api.all("Release").map(({ metadata, status }) => `${metadata.name} ${(status as { state?: string } | undefined)?.state ?? "new"}`);

describe("serving a release in a namespace of a cluster", () => {
  it("takes the first into service, then the next", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    expect(await rig.serve("r1")).toMatchObject({ released: true });
    await rig.release("r2", "two");
    await rig.serve("r2");
    expect([rig.page(), ...states(rig)]).toEqual(["two", "r1 superseded", "r2 serving"]);
  });

  it("writes nothing when nothing differs", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    await rig.serve("r1");
    const writes = rig.api.writes.length;
    expect(await rig.serve("r1")).toMatchObject({ released: false, steps: 0 });
    expect(rig.api.writes.slice(writes)).toEqual([]);
  });

  it.each(["bad", "sick"])("keeps what serves when the next is %s, and says why", async (image) => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    await rig.release("r2", image);
    await expect(rig.serve("r2")).rejects.toThrow();
    expect([rig.page(), ...states(rig)]).toEqual(["one", "r1 serving", "r2 failed"]);
    await rig.release("r3", "three");
    await rig.serve("r3");
    expect(rig.page()).toBe("three");
  });

  it("changes the number of copies without a release", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    await rig.serve("r1", 3);
    const { workloads } = await rig.engine.observe("acme");
    expect([workloads[0]?.wanted, ...states(rig)]).toEqual([3, "r1 serving"]);
  });

  it("refuses a release that was changed", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    const name = { resource: resources.Release, namespace: "acme", name: "r1" };
    await rig.api.mergePatch(name, { spec: { site: { name: "other" } } });
    await expect(rig.serve("r1")).rejects.toMatchObject({ code: "site/invalid" });
  });

  it("names a secret that nobody stored, before anything is touched", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one", { runtime: { php: "8.4" }, variables: { TOKEN: { secret: "smtp/token" } } });
    await expect(rig.serve("r1")).rejects.toMatchObject({ code: "site/invalid" });
    expect(states(rig)).toEqual(["r1 new"]);
  });
});
