import { describe, expect, it } from "vitest";
import { type ImageState, imageNeeds } from "./image-needs.ts";

const nothing: ImageState = {
  ...{ records: [], retained: [], releases: [], outcomes: [], rollouts: [], shared: [], claimed: [] },
  ...{ resting: new Map(), locks: new Map() },
};
const release = (id: string, web: string, php: string | null = null): ImageState["releases"][number] => ({
  ...{ id, namespace: "shop" },
  images: { web: { reference: web, digest: "" }, php: php === null ? null : { reference: php, digest: "" } },
});
const record = { namespace: "shop", images: { web: "w2", php: null }, serving: null };
const serving: ImageState["outcomes"] = [{ namespace: "shop", release: "r2", state: "serving" }];
const words = (state: Partial<ImageState>): readonly string[] =>
  imageNeeds({ ...nothing, ...state }).map(({ reference, because }) => `${reference}: ${because}`);

describe("what needs images", () => {
  it.each<{ name: string; state: Partial<ImageState>; needs: string[] }>([
    { name: "nothing", state: {}, needs: [] },
    {
      name: "every release that is kept, both its images",
      state: { releases: [release("r1", "w1", "p1"), release("r2", "w2")], outcomes: serving },
      needs: ["w1: release r1 of shop", "p1: release r1 of shop", "w2: release r2 of shop (serves)"],
    },
    {
      name: "a release whose sessions have a server",
      state: { releases: [{ ...release("r1", "w1"), input: { sessions: { image: "s", secretName: "", secretDigest: "" } } }] },
      needs: ["w1: release r1 of shop", "s: release r1 of shop"],
    },
    {
      name: "a stopped site",
      state: { releases: [release("r2", "w2")], outcomes: serving, records: [record], resting: new Map([["shop", "down"]]) },
      needs: ["w2: release r2 of shop (serves, stopped)", "w2: site shop (stopped)"],
    },
    { name: "a site that sleeps", state: { records: [record], resting: new Map([["shop", "asleep"]]) }, needs: ["w2: site shop (idle)"] },
    {
      name: "a destroyed site, as long as its data is kept",
      state: {
        ...{ releases: [release("r2", "w2")], outcomes: serving },
        retained: [{ namespace: "shop", keptUntil: "2026-11-28T00:00:00Z", record }],
      },
      needs: ["w2: release r2 of shop (destroyed, kept until 2026-11-28)", "w2: site shop (destroyed, kept until 2026-11-28)"],
    },
    {
      name: "a rollout under way or cut off",
      state: { rollouts: [{ namespace: "shop", wanted: { ...record, images: { web: "w3", php: null } }, formerRecord: record }] },
      needs: ["w3: rollout of shop", "w2: rollout of shop"],
    },
    {
      name: "servers that all sites share, locks, and builds",
      state: {
        shared: [
          { name: "edge", reference: "e", version: "1" },
          { name: "mariadb-11-8", reference: "m", version: "1" },
        ],
        ...{ locks: new Map([["shop", ["b"]]]), claimed: ["c"] },
      },
      needs: ["e: edge", "m: database server mariadb-11-8", "b: lock of shop", "c: in a build just now"],
    },
  ])("$name", ({ state, needs }) => {
    expect(words(state)).toEqual(needs);
  });
});
