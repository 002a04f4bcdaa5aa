import { isDeepStrictEqual } from "node:util";
import { expect, it } from "vitest";
import { isKept, ownedEdits, ownedKinds, type OwnedKind, saidBy } from "../../test/support/owned-objects.ts";
import type { KubeObject, ObjectName } from "../kubernetes/kubernetes-api.ts";
import { resources } from "../kubernetes/resources.ts";
import { type Fleet, fleet } from "./testing/fleet.ts";

const NAMESPACE = "site-1";

/** A site that has all that a site can have in a cluster, and a tenant that asks for all that a tenant can. */
async function everything(): Promise<Fleet> {
  const one = await fleet();
  const pull = { apiVersion: "v1", kind: "Secret", metadata: { name: "registry", namespace: "howdah-system" }, data: { a: "Yg==" } };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: NAMESPACE } };
  const tenant = { resource: resources.Tenant, namespace: undefined, name: `of-${NAMESPACE}` };
  const roles = { developer: { users: ["ann"] } };
  await one.api.create(resources.Secret, pull);
  await one.api.create(resources.ServiceAccount, account);
  await one.makeSites([NAMESPACE]);
  await one.rest();
  await one.api.mergePatch(tenant, { spec: { pullSecret: "registry", quota: { pods: 40 }, limits: { max: { memory: "4Gi" } }, roles } });
  await one.rest();
  await one.deploy(NAMESPACE, "r2", { runtime: { php: "8.4" }, scale: { replicas: 2, max: 3 }, variables: { KEY: { generate: {} } } });
  await one.rest();
  return one;
}

const nameOf = ({ kind, metadata }: KubeObject): ObjectName => {
  const resource = resources[kind as OwnedKind];
  return { resource, namespace: resource.namespaced ? NAMESPACE : undefined, name: metadata.name };
};
const owned = ({ api }: Fleet): readonly KubeObject[] =>
  ownedKinds.flatMap((kind) => api.all(kind).filter((object) => isKept(object, NAMESPACE)));

// No clock moves here: whatever is only found by looking again after a time is not put right.
it("puts right at once whatever somebody changes of what is Howdah's (B9)", { timeout: 600_000 }, async () => {
  const one = await everything();
  const objects = owned(one);
  expect(ownedKinds.filter((kind) => !objects.some((object) => object.kind === kind))).toEqual([]);
  const wrong: string[] = [];
  for (const object of objects) {
    const before = (await one.api.get(nameOf(object))) ?? object;
    one.api.edit(nameOf(object), ownedEdits[object.kind as OwnedKind](before));
    await one.rest();
    const after = await one.api.get(nameOf(object));
    if (after === undefined || !isDeepStrictEqual(saidBy(after), saidBy(before))) wrong.push(`${object.kind}/${object.metadata.name}`);
  }
  await one.stop();
  expect([wrong, one.complaints]).toEqual([[], []]);
});

it("makes at once again whatever somebody deletes of it (B9)", { timeout: 600_000 }, async () => {
  const one = await everything();
  const wrong: string[] = [];
  for (const object of owned(one).filter(({ kind }) => kind !== "Namespace")) {
    const before = (await one.api.get(nameOf(object))) ?? object;
    await one.api.delete(nameOf(object), { preconditions: { uid: before.metadata.uid ?? "" } });
    // The account of a namespace is made by Kubernetes itself.
    if (object.kind === "ServiceAccount")
      await one.api.create(resources.ServiceAccount, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace: NAMESPACE },
      });
    await one.rest();
    const after = await one.api.get(nameOf(object));
    const isBack = after !== undefined && after.metadata.uid !== before.metadata.uid && isDeepStrictEqual(saidBy(after), saidBy(before));
    if (!isBack) wrong.push(`${object.kind}/${object.metadata.name}`);
  }
  await one.stop();
  expect([wrong, one.complaints]).toEqual([[], []]);
});
