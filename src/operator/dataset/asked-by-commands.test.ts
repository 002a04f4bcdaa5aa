import { describe, expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import { breedThere, deleteThere, scheduleThere } from "../../workflows/cluster/cluster-datasets.ts";
import { datasetRig } from "./testing/dataset-rig.ts";

type Rig = Awaited<ReturnType<typeof datasetRig>>;

type Step = (one: Rig) => Promise<void>;

/** A command beside an operator that looks while the command waits, and a Job that does this, a step at a time. */
async function commands(job: readonly Step[], options: Parameters<typeof datasetRig>[0] = {}) {
  const one = await datasetRig(options);
  const events: Event[] = [];
  const steps = [...job];
  const clock = {
    now: () => one.clock.now,
    sleep: async () => {
      one.clock.now += 1000;
      await one.look();
      if (one.jobs().length > 0) await steps.shift()?.(one);
      await one.look();
      if (one.jobs().length === 0) await one.podsGone();
    },
  };
  const place = { cluster: { api: one.api, context: "test" }, namespace: "acme", name: "blog" };
  const context = { emit: (event: Event) => void events.push(event), signal: new AbortController().signal };
  return { one, events, place, context, ports: { clock, datasets: one.datasets } };
}

const publishes: readonly Step[] = [
  (one) => one.bred("g1", "masking"),
  async (one) => {
    await one.published("g1");
    await one.ended(true, { generation: "g1" });
  },
];

describe("a command that asks for a dataset", () => {
  it("makes the Dataset where there is none, shows each step, and answers the generation", async () => {
    const { one, events, place, context, ports } = await commands(publishes);
    const uid = (await one.api.get(one.place))?.metadata.uid ?? "";
    await one.api.delete(one.place, { preconditions: { uid } });
    const found = await breedThere(place, "now", ports, context);
    expect([found.id, found.state]).toEqual(["g1", "current"]);
    const titles = events.flatMap((event) => (event.type === "task-started" ? [event.title] : []));
    expect(titles).toContain("the operator: g1 is bred: masking");
    expect(await deleteThere(place, { ids: "all", asked: "then" }, ports, context)).toMatchObject({ generations: ["g1"] });
    expect(one.snapshots()).toEqual([]);
  });

  it("fails with what the Job failed with, and the next step", async () => {
    const { place, context, ports } = await commands([
      (one) => one.bred("g1", "preflight"),
      (one) => one.ended(false, { failed: { code: "dataset/unclassified", message: "No rule says what becomes of users.email" } }),
    ]);
    await expect(breedThere(place, "now", ports, context)).rejects.toMatchObject({
      code: "dataset/unclassified",
      message: expect.stringContaining("users.email"),
    });
  });

  it("fails with what the cluster lacks, and where no operator looks", async () => {
    const { place, context, ports, one } = await commands(publishes, { snapshots: false });
    await expect(breedThere(place, "now", ports, context)).rejects.toMatchObject({ code: "dataset/storage-broken" });
    const idle = { now: () => one.clock.now, sleep: async () => void (one.clock.now += 10_000) };
    await expect(breedThere(place, "again", { ...ports, clock: idle }, context)).rejects.toMatchObject({ code: "cluster/not-installed" });
  });

  it("sets a schedule, takes it away, and hears what is wrong with one", async () => {
    const { place, context, ports } = await commands(publishes);
    const { signal } = context;
    expect(await scheduleThere(place, { schedule: "0 3 * * *" }, ports, signal)).toMatchObject({
      ...{ site: "acme", schedule: "0 3 * * *", from: "command", last: null, mark: { next: expect.any(Number) as number } },
    });
    expect(await scheduleThere(place, "off", ports, signal)).toMatchObject({ schedule: null, mark: null });
    await expect(scheduleThere(place, { schedule: "61 3 * * *" }, ports, signal)).rejects.toMatchObject({ code: "usage/invalid" });
  });
});
