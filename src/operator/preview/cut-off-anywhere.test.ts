import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type Fleet, fleet } from "../testing/fleet.ts";
import { makeDataset, playSnapshots } from "../testing/played-snapshots.ts";

const SITE = "shop";
const NAMESPACE = "shop--review";
/** So many places, spread over its life: each costs a whole life. */
const PLACES = 16;

async function settle(one: Fleet, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await one.rest();
    await playSnapshots(one.api);
    await one.clock.advance(500);
  }
  await one.rest();
}

/** An environment is made, reset and deleted by operators that come one after the other: each is cut off at the request with this number. */
async function life(cut: number): Promise<{ readonly said: readonly unknown[]; readonly asked: number }> {
  let asked = 0;
  let counts = false;
  const trouble = (): HowdahError | undefined => {
    if (!counts) return undefined;
    asked += 1;
    return asked === cut ? new HowdahError("cluster/unreachable", "cut off") : undefined;
  };
  const one = await fleet({ cascades: true, trouble });
  await one.makeSites([SITE]);
  await one.rest();
  await one.deploy(SITE, "r2", { runtime: { php: "8.4" }, mounts: { files: {} } });
  await one.rest();
  await makeDataset(one.api, SITE);
  await playSnapshots(one.api);
  const place = { resource: resources.Environment, namespace: SITE, name: "review" };
  counts = true;
  const said: unknown[] = [];
  const note = async (): Promise<void> => {
    await settle(one, 8);
    await one.restart();
    await settle(one, 14);
    const status = ((await one.api.get(place))?.["status"] ?? {}) as {
      generation?: string;
      reset?: string;
      conditions?: { reason: string }[];
    };
    const { items } = await one.api.list(resources.PersistentVolumeClaim, { namespace: NAMESPACE });
    const contents = (await one.api.list(resources.VolumeSnapshotContent)).items.filter(({ metadata }) =>
      metadata.name.startsWith(NAMESPACE),
    );
    const documents = (await one.api.get({ resource: resources.ConfigMap, namespace: SITE, name: "howdah-dataset" }))?.["data"] as object;
    const leases = Object.keys(documents).filter((key) => key.startsWith("lease."));
    const reasons = status.conditions?.map(({ reason }) => reason);
    said.push([status.generation, status.reset, reasons, items.length, contents.length, leases]);
  };
  const object = { apiVersion: "howdah.dev/v1alpha1", kind: "Environment", metadata: { name: "review", namespace: SITE } };
  await one.api.create(resources.Environment, { ...object, spec: { site: "blog", data: { dataset: {} } } });
  await note();
  await one.api.mergePatch(place, { metadata: { annotations: { "howdah.dev/reset": "again" } } });
  await note();
  await one.api.delete(place, { preconditions: { uid: (await one.api.get(place))?.metadata.uid ?? "" } });
  await note();
  await one.stop();
  return { said, asked };
}

describe("an operator that is cut off anywhere in the life of an environment", () => {
  it("is followed by one that makes, resets and deletes it all the same", async () => {
    const whole = await life(0);
    expect(whole.said).toEqual([
      ["g1", undefined, ["AllComponentsServing"], 2, 1, [`lease.${NAMESPACE}.g1`]],
      ["g1", "again", ["AllComponentsServing"], 2, 1, [`lease.${NAMESPACE}.g1`]],
      [undefined, undefined, undefined, 0, 0, []],
    ]);
    for (let place = 1; place <= PLACES; place += 1) {
      const cut = Math.floor((place * whole.asked) / (PLACES + 1));
      expect([cut, (await life(cut)).said]).toEqual([cut, whole.said]);
    }
  }, 300_000);
});
