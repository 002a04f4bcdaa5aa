import { afterEach, expect, it } from "vitest";
import { type Fleet, fleet } from "./testing/fleet.ts";

let rig: Fleet;
afterEach(async () => rig.stop());

const sum = (requests: Readonly<Record<string, number>>): number => Object.values(requests).reduce((all, one) => all + one, 0);
const reads = (requests: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(requests).filter(([what]) => /^(get|list) /.test(what) && what !== "list configmaps"));

// What a site costs is pinned here, with a tenth to spare: in a cluster of a thousand sites each request counts a thousand times.
it("brings a site up with few requests", async () => {
  rig = await fleet();
  await rig.makeSites(["site-1"]);
  await rig.rest();
  expect(rig.complaints).toEqual([]);
  expect(sum(rig.takeRequests())).toBeLessThan(185);
});

it("finds after a restart that nothing is to be done: of each site only its secret is read", async () => {
  rig = await fleet();
  await rig.makeSites(["site-1", "site-2"]);
  await rig.rest();
  const writes = rig.api.writes.length;
  rig.takeRequests();
  await rig.restart();
  await rig.rest();
  expect(reads(rig.takeRequests())).toEqual({ "get secrets": 2 });
  expect(rig.api.writes.length).toBe(writes);
});
