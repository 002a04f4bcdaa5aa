import { describe, expect, it } from "vitest";
import { resources } from "../../kubernetes/resources.ts";
import { ManualClock } from "../../kubernetes/testing/manual-clock.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { wakeSnapshotController } from "./wake-controller.ts";

const signal = new AbortController().signal;
const NAMESPACE = "shop--review";

describe("snapshots of an environment that goes", () => {
  it("are changed once their controller has let them lie, and not again at once; others never", async () => {
    const clock = new ManualClock();
    const api = memoryApi(() => new Date(clock.now()).toISOString());
    const kind = { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshot" };
    for (const name of ["goes", "stays"])
      await api.create(resources.VolumeSnapshot, { ...kind, metadata: { name, namespace: NAMESPACE, finalizers: ["its/controller"] } });
    const place = { resource: resources.VolumeSnapshot, namespace: NAMESPACE, name: "goes" };
    await api.delete(place, { preconditions: { uid: (await api.get(place))?.metadata.uid ?? "" } });
    const before = api.newest();
    const look = () => wakeSnapshotController(NAMESPACE, { api, clock }, signal);
    await look();
    expect(api.newest()).toBe(before);
    await clock.advance(6000);
    await look();
    await look();
    expect(api.newest()).toBe(before + 1);
    expect((await api.get(place))?.metadata.annotations).toHaveProperty(["howdah.dev/asked-to-go"]);
    await clock.advance(6000);
    await look();
    expect(api.newest()).toBe(before + 2);
  });
});
