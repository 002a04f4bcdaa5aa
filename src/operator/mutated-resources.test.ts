import { expect, it } from "vitest";
import { mutation, type Schema } from "../../test/support/mutated-specs.ts";
import type { KubeObject, ObjectName } from "../kubernetes/kubernetes-api.ts";
import { resources } from "../kubernetes/resources.ts";
import { crds } from "../resources/crds.ts";
import type { StatusCondition } from "../resources/schema/condition.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { type Fleet, fleet } from "./testing/fleet.ts";

/** Of each kind. `HOWDAH_MUTATIONS=2000 HOWDAH_SEED=7` is a long form, with other changes. */
const COUNT = Number(process.env["HOWDAH_MUTATIONS"] ?? 40);
const SEED = Number(process.env["HOWDAH_SEED"] ?? 1);
const NAMESPACE = "site-1";

const places = {
  Site: { resource: resources.Site, namespace: NAMESPACE, name: "blog" },
  Environment: { resource: resources.Environment, namespace: NAMESPACE, name: PRODUCTION },
  Tenant: { resource: resources.Tenant, namespace: undefined, name: `of-${NAMESPACE}` },
  Release: { resource: resources.Release, namespace: NAMESPACE, name: "r1" },
} as const satisfies Readonly<Record<string, ObjectName>>;

function schemaOf(kind: keyof typeof places): Schema {
  const found = crds().find(({ metadata }) => metadata.name === `${resources[kind].plural}.howdah.dev`) as unknown as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[] };
  };
  return { properties: { spec: found.spec.versions[0]?.schema.openAPIV3Schema.properties.spec ?? {} } };
}

/** Writes a spec as it is: nobody here refuses what an API server would. */
async function write({ api }: Fleet, name: ObjectName, spec: unknown): Promise<void> {
  const there = (await api.get(name)) as KubeObject;
  await api.replace(name.resource, { ...there, spec });
}

function conditionsOf(object: KubeObject | undefined): readonly StatusCondition[] {
  return (object?.["status"] as { conditions?: readonly StatusCondition[] } | undefined)?.conditions ?? [];
}

// B4 and B13: also what no definition would let in, as after one was lost or changed. The real API server's part is in operator-mutated-specs.test.ts.
it.each(Object.keys(places) as (keyof typeof places)[])(
  "outlives a %s of any kind, says how it is, comes to rest and finds back",
  { timeout: 600_000 },
  async (kind) => {
    const one = await fleet();
    await one.makeSites([NAMESPACE]);
    await one.rest();
    const good = ((await one.api.get(places[kind])) as KubeObject)["spec"] as object;
    const wrong: string[] = [];
    for (let seed = SEED; seed < SEED + COUNT; seed += 1) {
      const { what, document } = mutation(seed, [{ spec: good }], schemaOf(kind));
      const told = `${kind}, seed ${String(seed)}: ${what}`;
      const before = one.complaints.length;
      await write(one, places[kind], (document as { readonly spec?: unknown }).spec);
      await one.rest();
      // What is tried again and again is tried for the same reason; and nobody writes in a loop.
      const writes = one.api.writes.length;
      await one.clock.advance(60_000);
      await one.rest();
      if (one.api.writes.length - writes > 40) wrong.push(`${told}: ${String(one.api.writes.length - writes)} writes in a minute`);
      const blind = conditionsOf(await one.api.get(places[kind])).find(({ reason, message }) => reason === "Bug" || message === "");
      if (blind !== undefined) wrong.push(`${told}: ${JSON.stringify(blind)}`);
      const bugs = one.complaints.slice(before).filter((line) => line.startsWith("a bug"));
      if (bugs.length > 0) wrong.push(`${told}: ${bugs[0]?.slice(0, 400) ?? ""}`);
    }
    await write(one, places[kind], good);
    for (let minute = 0; minute < 6; minute += 1) {
      await one.rest();
      await one.clock.advance(60_000);
    }
    await one.rest();
    const last = conditionsOf(await one.api.get(places[kind === "Release" ? "Environment" : kind]));
    const state = last.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
    const writes = one.api.writes.length;
    await one.clock.advance(60_000);
    await one.rest();
    await one.stop();
    expect([wrong, one.api.writes.slice(writes)]).toEqual([[], []]);
    expect(state).toEqual([kind === "Tenant" ? "Ready=True NamespacesGuarded" : "Ready=True AllComponentsServing"]);
  },
);
