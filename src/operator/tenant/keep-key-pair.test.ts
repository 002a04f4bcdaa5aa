import { expect, it } from "vitest";
import { FINISH_KEY_ANNOTATION, ROTATE_KEY_ANNOTATION } from "../../kernel/label.ts";
import { TENANT_KEYS } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { TenantStatus } from "../../resources/schema/tenant.ts";
import { statusOf } from "../status.ts";
import { operatorRig } from "../testing/operator-rig.ts";

const place = { resource: resources.Tenant, namespace: undefined, name: "acme" };
const spec = { runtime: { php: "8.4" as const }, variables: { KEYS: { secret: `${TENANT_KEYS}/jwks.json` } } };

/** A tenant with the namespaces `acme`, where a site that uses its keys serves, and `acme-blog` without one. */
async function tenant() {
  const rig = operatorRig();
  const { api } = rig;
  await api.create(resources.Tenant, {
    ...{ apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" } },
    spec: { namespaces: ["acme", "acme-blog"] },
  });
  await rig.tenant("acme");
  await rig.applySite(spec);
  const image = { reference: "php", digest: `sha256:${"0".repeat(64)}` };
  await rig.release("r1", "one", spec, { php: image });
  await rig.settle();
  const keys = async () => statusOf<TenantStatus>((await rig.object("Tenant", "acme")) as KubeObject).keys;
  const ask = (annotations: object) => api.mergePatch(place, { metadata: { annotations } });
  const copy = async (namespace = "acme"): Promise<Record<string, string>> => {
    const data = ((await rig.object("Secret", TENANT_KEYS, namespace))?.["data"] ?? {}) as Record<string, string>;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  };
  const valid = async () => (JSON.parse((await copy())["jwks.json"] ?? "{}") as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  const [look, settle] = [() => rig.tenant("acme"), () => rig.settle()];
  return { api, events: rig.events, keys, ask, copy, valid, look, settle };
}

it("gives each namespace of a tenant the same pair, once", async () => {
  const { copy, keys, api, look } = await tenant();
  const first = await copy();
  expect(first["private-key"]).toContain("BEGIN PRIVATE KEY");
  expect(await copy("acme-blog")).toEqual(first);
  expect(await keys()).toEqual({ id: first["key-id"], state: "one" });
  const writes = api.writes.length;
  expect(await look()).toEqual({});
  expect(api.writes.length).toBe(writes);
});

it("announces another key to every site, signs with it when their pods know it, and keeps the former one valid until that is finished", async () => {
  const { copy, keys, valid, ask, look, settle } = await tenant();
  const former = (await copy())["key-id"] ?? "";
  await ask({ [ROTATE_KEY_ANNOTATION]: "1" });
  expect(await look()).toEqual({ again: 2000 });
  const [, next = ""] = await valid();
  expect([await keys(), (await copy())["key-id"]]).toEqual([
    { id: former, state: "announced", waitsFor: ["acme"], asked: { rotate: "1" } },
    former,
  ]);
  expect(await look()).toEqual({ again: 2000 });
  expect((await copy())["key-id"]).toBe(former);
  await settle();
  await look();
  expect([(await copy())["key-id"], await valid()]).toEqual([next, [next, former]]);
  await settle();
  expect(await look()).toEqual({});
  expect(await keys()).toEqual({ id: next, state: "both", asked: { rotate: "1" } });
  await ask({ [FINISH_KEY_ANNOTATION]: "1" });
  await look();
  expect(await valid()).toEqual([next]);
  expect(await keys()).toMatchObject({ waitsFor: ["acme"] });
  await settle();
  expect(await look()).toEqual({});
  expect(await keys()).toEqual({ id: next, state: "one", asked: { rotate: "1", finish: "1" } });
});

it("refuses a third key while two are valid", async () => {
  const { keys, ask, events, look, settle } = await tenant();
  const rotate = async (value: string): Promise<void> => {
    await ask({ [ROTATE_KEY_ANNOTATION]: value });
    for (let round = 0; round < 4; round += 1) {
      await look();
      await settle();
    }
  };
  await rotate("1");
  const { id } = (await keys()) ?? {};
  await rotate("2");
  expect([await keys(), events.filter((one) => one.includes("Key"))]).toEqual([
    { id, state: "both", asked: { rotate: "2" } },
    ["Warning KeyNotRotated"],
  ]);
});

it("makes nothing new while the tenant is suspended", async () => {
  const { api, keys, ask, look } = await tenant();
  await api.mergePatch(place, { spec: { suspended: true } });
  await ask({ [ROTATE_KEY_ANNOTATION]: "1" });
  await look();
  expect((await keys())?.state).toBe("one");
  await api.mergePatch(place, { spec: { suspended: false } });
  await look();
  expect((await keys())?.state).toBe("announced");
});

it("leaves a person's Secret of that name alone, and brings back one of its own that was deleted", async () => {
  const { api, copy, keys, look } = await tenant();
  const there = await copy();
  const secret = { resource: resources.Secret, namespace: "acme", name: TENANT_KEYS };
  const remove = async () => api.delete(secret, { preconditions: { uid: (await api.get(secret))?.metadata.uid ?? "" } });
  await remove();
  await look();
  expect(await copy()).toEqual(there);
  await remove();
  const data = { "key-id": Buffer.from("mine").toString("base64") };
  const metadata = { name: TENANT_KEYS, namespace: "acme" };
  await api.create(resources.Secret, { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data });
  await look();
  expect([await copy(), (await keys())?.state]).toEqual([{ "key-id": "mine" }, "one"]);
});
