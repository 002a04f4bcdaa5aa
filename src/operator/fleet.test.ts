import { afterEach, expect, it } from "vitest";
import { resources } from "../kubernetes/resources.ts";
import { copiesOf, type Fleet, fleet, stillFleet } from "./testing/fleet.ts";

let rig: Pick<Fleet, "stop">;
afterEach(async () => rig.stop());

const sum = (requests: Readonly<Record<string, number>>): number => Object.values(requests).reduce((all, one) => all + one, 0);
const reads = (requests: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(requests).filter(([what]) => /^(get|list) /.test(what) && what !== "list configmaps"));

// What a site costs is pinned here, with a tenth to spare: in a cluster of a thousand sites each request counts a thousand times.
it("brings a site up with few requests", async () => {
  const one = await fleet();
  rig = one;
  await one.makeSites(["site-1"]);
  await one.rest();
  expect(one.complaints).toEqual([]);
  expect(sum(one.takeRequests())).toBeLessThan(185);
});

it("finds after a restart that nothing is to be done, and reads nothing beside what it watches", async () => {
  const two = await fleet();
  rig = two;
  await two.makeSites(["site-1", "site-2"]);
  await two.rest();
  const writes = two.api.writes.length;
  two.takeRequests();
  await two.restart();
  await two.rest();
  expect(reads(two.takeRequests())).toEqual({});
  expect(two.api.writes.length).toBe(writes);
});

it("brings sites up on a cluster that knows no database servers yet, and looks after them once it does", async () => {
  let still = true;
  const one = await fleet({ unknown: { kind: "DatabaseServer", still: () => still } });
  rig = one;
  await one.makeSites(["site-1"]);
  await one.rest();
  const conditions = async (resource: "Environment" | "DatabaseServer", namespace: string | undefined, name: string) => {
    const found = await one.api.get({ resource: resources[resource], namespace, name });
    return (found?.["status"] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.map(
      (each) => `${each.type}=${each.status}`,
    );
  };
  expect(await conditions("Environment", "site-1", "production")).toEqual(["Ready=True"]);
  still = false;
  const server = { apiVersion: "howdah.dev/v1alpha1", kind: "DatabaseServer", metadata: { name: "company" }, spec: { kind: "embedded" } };
  await one.api.create(resources.DatabaseServer, server);
  for (let minute = 0; minute < 5; minute += 1) await one.clock.advance(60_000);
  await one.rest();
  expect(await conditions("DatabaseServer", undefined, "company")).toEqual(["Ready=False", "Stalled=True"]);
});

it("makes a secret again that somebody deleted, though no pod needs it yet", async () => {
  const one = await fleet();
  rig = one;
  await one.makeSites(["site-1"]);
  await one.rest();
  const secret = { resource: resources.Secret, namespace: "site-1", name: "generated" };
  await one.api.delete(secret, { preconditions: { uid: (await one.api.get(secret))?.metadata.uid ?? "" } });
  await one.rest();
  expect((await one.api.get(secret))?.metadata.name).toBe("generated");
});

it.each<{ name: string; edit: object }>([
  { name: "was narrowed to no pod", edit: { spec: { podSelector: { matchLabels: { app: "none" } } } } },
  { name: "was opened by a rule", edit: { spec: { ingress: [{}] } } },
  { name: "was opened by another type", edit: { spec: { policyTypes: ["Egress"] } } },
])("closes a namespace again whose policy $name", async ({ edit }) => {
  const one = await fleet();
  rig = one;
  await one.makeSites(["site-1"]);
  await one.rest();
  const policy = () => one.api.all("NetworkPolicy").find(({ metadata }) => metadata.name === "default-deny");
  const closed = policy()?.["spec"];
  one.api.edit({ resource: resources.NetworkPolicy, namespace: "site-1", name: "default-deny" }, edit);
  expect(policy()?.["spec"]).not.toEqual(closed);
  await one.rest();
  expect(policy()?.["spec"]).toEqual(closed);
});

it("writes nothing in ten minutes in which nothing happens to 500 sites, and asks for nothing", {
  timeout: 600_000,
}, async () => {
  const one = await fleet();
  rig = one;
  await one.makeSites(["site-1"]);
  await one.rest();
  await one.stop();
  const there = Object.keys(resources).flatMap((kind) => one.api.all(kind));
  const names = Array.from({ length: 500 }, (_, index) => `many-${String(index)}`);
  const many = stillFleet([...there, ...copiesOf(there, "site-1", names)]);
  rig = many;
  for (let second = 0; second < 600; second += 5) {
    await many.rest();
    await many.clock.advance(5000);
  }
  const asked = many.takeRequests();
  expect(Object.keys(asked).filter((what) => !/^(get|list) /.test(what))).toEqual([]);
  expect(reads(asked)).toEqual({});
  expect(many.complaints).toEqual([]);
});
