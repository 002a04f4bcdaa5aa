import { describe, expect, it } from "vitest";
import { clusterRig } from "../../workflows/cluster/testing/cluster-rig.ts";
import { type Death, Killed, life } from "../../workflows/cluster/testing/mortal.ts";
import type { GenerationState } from "../../workflows/dataset/generation.ts";
import { datasetRig } from "./testing/dataset-rig.ts";

const WRITES = ["apply", "create", "replace", "mergePatch", "delete"] as const;
const NEVER: Death = { act: Number.POSITIVE_INFINITY, when: "before" };

type Rig = Awaited<ReturnType<typeof datasetRig>>;

/** What a Job does besides the operator: it works as soon as it is there, ends, and its pods go some time after it. */
function played(one: Rig, at: GenerationState) {
  let step: "waits" | "works" | "over" = "waits";
  return async (): Promise<void> => {
    const [job] = one.jobs();
    const { breeding } = await one.status();
    if (job !== undefined && step === "waits" && breeding !== undefined) {
      step = "works";
      await one.bred("g1", at);
    } else if (job !== undefined && step === "works") {
      step = "over";
      if (at === "current") await one.published("g1");
      await one.ended(at === "current", at === "current" ? { generation: "g1" } : "");
    } else if (job === undefined && step === "over") await one.podsGone();
  };
}

/** A breed that somebody asks for, from the wish to its end; the operator dies once, and another one goes on. */
async function perform(at: GenerationState, death: Death) {
  const one = await datasetRig();
  await one.look();
  await one.api.mergePatch(one.place, { metadata: { annotations: { "howdah.dev/breed": "1" } } });
  const process = life(death);
  const api = process.mortal("api", one.api, WRITES);
  let ports = one.portsOn(api, clusterRig(api).ports.clusterDatasets ?? one.datasets);
  const play = played(one, at);
  let made = 0;
  for (let round = 0; round < 40; round += 1) {
    const before = one.api.writes.length;
    await one.once(ports).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      ports = one.portsOn(one.api, one.datasets);
    });
    made += one.api.writes.slice(before).filter((write) => write.startsWith("create Job/")).length;
    await play();
    const { breeding, asked } = await one.status();
    if (asked?.breed === "1" && breeding === undefined && one.api.writes.length === before) break;
  }
  const { breeding, generation } = await one.status();
  const journal = await one.datasets.journals.get("acme");
  const state = {
    made,
    breeding,
    generation,
    journal,
    snapshots: one.snapshots(),
    jobs: one.jobs().length,
    conditions: await one.conditions(),
  };
  return { acts: process.acts, state };
}

describe("an operator that dies at any write", () => {
  it.each(["current", "sealed", "masking"] as const)(
    "breeds once, and ends it whole, when its Job ends while it is %s",
    { timeout: 240_000 },
    async (at) => {
      const whole = await perform(at, NEVER);
      expect(whole.state).toMatchObject({
        made: 1,
        breeding: undefined,
        journal: undefined,
        jobs: 0,
        generation: at === "masking" ? undefined : "g1",
      });
      expect(whole.acts.length).toBeGreaterThan(10);
      // Until the Job is there all of them are the same.
      const first = at === "current" ? 1 : Math.floor(whole.acts.length / 2);
      for (let act = first; act <= whole.acts.length; act += 1)
        for (const when of ["before", "after"] as const) {
          const { state } = await perform(at, { act, when });
          expect([act, when, state]).toEqual([act, when, whole.state]);
        }
    },
  );
});
