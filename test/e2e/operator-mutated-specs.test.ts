import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../src/kubernetes/kubernetes-api.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { crds } from "../../src/resources/crds.ts";
import type { StatusCondition } from "../../src/resources/schema/condition.ts";
import type { ReleaseSpec } from "../../src/resources/schema/release.ts";
import type { SiteDocument } from "../../src/site/schema/site-document.ts";
import { releaseObject, releaseSpecOf } from "../../src/workflows/cluster/release-resource.ts";
import { siteOf } from "../../src/workflows/cluster/testing/cluster-rig.ts";
import { adminTarget } from "../support/fault-api/admin-target.ts";
import { type FaultApiProxy, faultApiProxy } from "../support/fault-api/fault-api-proxy.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { mutation, type Schema } from "../support/mutated-specs.ts";
import { type OperatorProcess, type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { connectAdmin, runningCluster } from "../support/test-cluster.ts";

/**
 * How many, and from which seed. A failure names its seed: `HOWDAH_MUTATIONS=1 HOWDAH_SEED=…` is that one. In memory, where it takes a second:
 * src/operator/mutated-resources.test.ts.
 */
const COUNT = Number(process.env["HOWDAH_MUTATIONS"] ?? 200);
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-mutated-specs.test.ts is skipped: ${why}\n`);

const SEED = Number(process.env["HOWDAH_SEED"] ?? 1);
/** Sites that are changed beside each other. */
const SITES = Math.min(6, COUNT);
const NAME = "t-mutated";
/** A rollout that can't succeed ends with its file's `rollout.timeout`; a pod that the quota refuses, and an image that is none, sooner. */
const STABLE_MS = 180_000;
const AT_REST_MS = 10_000;

type Kind = "Site" | "Environment" | "Release" | "Tenant";
/** Sites most, releases least: each of those pulls images. */
const KINDS: readonly Kind[] = ["Site", "Environment", "Site", "Tenant", "Site", "Environment", "Site", "Tenant", "Site", "Release"];

const goodSite = (name: string): NonNullable<SiteDocument["spec"]> => ({
  web: { root: "public", index: ["index.html"], locations: { "/files": { passthru: false } }, deny: ["*.bak"] },
  hostnames: [`${name}.howdah.test`],
  scale: { replicas: 1, memory: "64Mi" },
  rollout: { strategy: "rolling", timeout: "30s" },
  releases: { keep: 3 },
});

/** The schema of a kind's `spec`, as the API server has it. */
function schemaOf(kind: Kind): Schema {
  const found = crds().find(({ metadata }) => metadata.name === `${resources[kind].plural}.howdah.dev`) as unknown as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[] };
  };
  return { properties: { spec: found.spec.versions[0]?.schema.openAPIV3Schema.properties.spec ?? {} } };
}

interface Outcome {
  readonly seed: number;
  readonly what: string;
  readonly outcome: "refused" | "accepted";
  /** What is not as it should be. */
  readonly wrong?: string;
}

/** B4 of the reliability list on a real API server; 5,000 changes of site files are in mutated-specs.test.ts. */
describe.skipIf(why !== undefined)("changed resources and an operator that runs", () => {
  let rig: OperatorRig;
  let api: KubernetesApi;
  let proxy: FaultApiProxy;
  let operator: OperatorProcess;
  let built: ReleaseSpec;

  const site = (slot: number): string => `${NAME}-${String(slot)}`;
  const place = (kind: Kind, slot: number): ObjectName => {
    const names = { Site: site(slot), Environment: "production", Release: "r1", Tenant: `${site(slot)}-org` };
    return { resource: resources[kind], namespace: kind === "Tenant" ? undefined : site(slot), name: names[kind] };
  };
  const goodRelease = (slot: number): ReleaseSpec => {
    const { images, codeDigest } = built;
    const said = { git: null, who: "ann", when: "2026-11-22T12:00:00Z", why: null, rollbackOf: null };
    return releaseSpecOf({ ...said, site: siteOf(site(slot), goodSite(site(slot))), images, codeDigest, watched: {} });
  };
  const good = (kind: Kind, slot: number): object =>
    ({
      Site: () => goodSite(site(slot)),
      Environment: () => ({ site: site(slot), replicas: 1, suspend: false }),
      Release: () => goodRelease(slot),
      Tenant: () => ({
        ...{ namespaces: [`${site(slot)}-org`], quota: { pods: 5 }, pullSecret: "registry" },
        ...{ limits: { max: { memory: "1Gi" } }, roles: { developer: { users: ["ann"] } } },
      }),
    })[kind]();
  /** As whoever uses `kubectl apply --server-side`. */
  const write = ({ resource, namespace, name }: ObjectName, spec: unknown): Promise<KubeObject> => {
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
    const object = { apiVersion: "howdah.dev/v1alpha1", kind: resource.kind, metadata, spec };
    return api.apply(resource, object, { fieldManager: "person" });
  };
  const releases = async (slot: number): Promise<readonly KubeObject[]> =>
    (await api.list(resources.Release, { namespace: site(slot) })).items.toSorted((a, b) => numberOf(a) - numberOf(b));

  /** `deploy` pins what it releases, and nobody else's release moves a pin: whoever wants another one says so. */
  const moveThePin = async (slot: number, release: string): Promise<void> => {
    const environment = await api.get(place("Environment", slot));
    const { release: pinned } = (environment?.["spec"] ?? {}) as { readonly release?: string };
    if (pinned !== undefined) await api.mergePatch(place("Environment", slot), { spec: { release } });
  };

  /** Why it is not stable yet; undefined when it is, with conditions that say how it is. */
  const unstable = async (kind: Kind, slot: number): Promise<string | undefined> => {
    const looked = kind === "Tenant" ? (["Tenant"] as const) : (["Environment", "Site"] as const);
    for (const one of looked) {
      const object = await api.get(place(one, slot));
      const { observedGeneration, conditions = [], rollout } = (object?.["status"] ?? {}) as Status;
      if (observedGeneration !== object?.metadata.generation) return `${one}: nobody has looked at it`;
      if (rollout !== undefined) return `${one}: at "${rollout.step}" of ${rollout.release}`;
      const blind = conditions.find(({ reason, message }) => reason === "" || message === "" || reason === "Bug");
      if (conditions.length === 0 || blind !== undefined) return `${one}: ${JSON.stringify(blind ?? "no condition")}`;
    }
    const rolling = (await releases(slot)).find((one) => (one["status"] as { state?: string } | undefined)?.state === "rolling-out");
    return kind === "Tenant" || rolling === undefined ? undefined : `Release ${rolling.metadata.name} is rolled out`;
  };
  const becomeStable = async (kind: Kind, slot: number): Promise<string | undefined> => {
    const until = Date.now() + STABLE_MS;
    for (let quiet = 0; ; ) {
      const reason = await unstable(kind, slot);
      quiet = reason === undefined ? quiet + 1 : 0;
      if (quiet === 3) return undefined;
      if (Date.now() > until) return `not stable after ${String(STABLE_MS / 1000)} s: ${reason ?? ""}`;
      await sleep(400);
    }
  };

  /** One change in a site's namespace, what becomes of it, and back. */
  const change = async (seed: number, slot: number): Promise<Outcome> => {
    const kind = KINDS[seed % KINDS.length] ?? "Site";
    const { what, document } = mutation(seed, [{ spec: good(kind, slot) }], schemaOf(kind));
    const { spec } = document as { readonly spec?: unknown };
    const said = { seed, what: `${kind} ${what}` };
    const next = `r${String(numberOf((await releases(slot)).at(-1)) + 1)}`;
    const name = kind === "Release" ? { ...place(kind, slot), name: next } : place(kind, slot);
    try {
      await write(name, spec);
    } catch (error) {
      const refusal = error instanceof HowdahError && error.code === "cluster/rejected" && error.message.includes("spec");
      return { ...said, outcome: "refused", ...(refusal ? {} : { wrong: `refused without a place: ${String(error)}` }) };
    }
    const problem = await becomeStable(kind, slot);
    if (kind === "Environment") await write(name, good(kind, slot));
    return { ...said, outcome: "accepted", ...(problem === undefined ? {} : { wrong: problem }) };
  };

  beforeAll(async () => {
    ({ api } = await connectAdmin(runningCluster().kubeconfig, { rate: { perSecond: 1000, burst: 1000 } }));
    rig = await operatorRig("mutated", 18_800);
    const code = join(rig.directory, site(0));
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "public/index.html"), "good");
    const file = { apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: site(0) }, spec: goodSite(site(0)) };
    await writeFile(join(code, "howdah.yaml"), JSON.stringify(file));
    proxy = await faultApiProxy(await adminTarget(runningCluster().kubeconfig));
    operator = await rig.operator(proxy.server);
    for (let slot = 0; slot < SITES; slot += 1) {
      await rig.tenant(site(slot));
      await api.mergePatch({ resource: resources.Tenant, namespace: undefined, name: site(slot) }, { spec: { quota: { pods: 6 } } });
    }
    await rig.deploy(code);
    const first = await api.get(place("Release", 0));
    built = first?.["spec"] as ReleaseSpec;
    await Promise.all(
      Array.from({ length: SITES }, async (_, slot) => {
        await write(place("Site", slot), good("Site", slot));
        if (slot > 0) await api.create(resources.Release, releaseObject(site(slot), "r1", goodRelease(slot)));
        const problem = await becomeStable("Site", slot);
        if (problem !== undefined) throw new Error(problem);
      }),
    );
  });
  afterAll(async () => {
    for (const namespace of await ofOrganizations())
      await rig.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false");
    for (let slot = 0; slot < SITES; slot += 1)
      await rig.kubectl("delete", "tenant", `${site(slot)}-org`, "--ignore-not-found", "--wait=false");
    expect(await rig?.close()).toEqual([]);
    await proxy?.stop();
    api?.close();
  });
  /** Namespaces that changed Tenants have got. */
  const ofOrganizations = async (): Promise<readonly string[]> => {
    const { items } = await api.list(resources.Namespace, { labelSelector: "howdah.dev/tenant" });
    return items.flatMap(({ metadata }) => (metadata.labels?.["howdah.dev/tenant"]?.endsWith("-org") === true ? [metadata.name] : []));
  };

  it(`are refused with the field, or end in a stable state that says how it is (${String(COUNT)})`, async () => {
    const seeds = Array.from({ length: COUNT }, (_, index) => SEED + index).values();
    const outcomes: Outcome[] = [];
    const work = async (slot: number): Promise<void> => {
      for (const seed of seeds) outcomes.push(await change(seed, slot));
    };
    await Promise.all(Array.from({ length: SITES }, (_, slot) => work(slot)));
    const count = (outcome: Outcome["outcome"]): string => String(outcomes.filter((one) => one.outcome === outcome).length);
    console.log(`${count("refused")} refused, ${count("accepted")} accepted`);
    expect(outcomes.flatMap(({ seed, what, wrong }) => (wrong === undefined ? [] : [`seed ${String(seed)}, ${what}: ${wrong}`]))).toEqual(
      [],
    );
    expect([operator.ended(), operator.said().includes('"a bug"')]).toEqual([undefined, false]);
  });

  it("find back: with good ones again each site serves as before, and nothing is written any more", async () => {
    const ready = async (slot: number): Promise<string> => {
      const { conditions = [] } = ((await api.get(place("Site", slot)))?.["status"] ?? {}) as Status;
      return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(" ");
    };
    await Promise.all(
      Array.from({ length: SITES }, async (_, slot) => {
        await write(place("Site", slot), good("Site", slot));
        await write(place("Environment", slot), good("Environment", slot));
        await write(place("Tenant", slot), good("Tenant", slot));
        // What the operator makes of the good Site comes first: a release of the same number would be somebody else's.
        expect(await becomeStable("Site", slot)).toBeUndefined();
        const next = `r${String(numberOf((await releases(slot)).at(-1)) + 1)}`;
        await api.create(resources.Release, releaseObject(site(slot), next, goodRelease(slot)));
        await moveThePin(slot, next);
        await expect.poll(() => ready(slot), { timeout: 400_000 }).toBe("Ready=True AllComponentsServing");
        await rig.formerGone(site(slot));
        const page = (): Promise<string> => rig.get(`${site(slot)}.howdah.test`, "/").then(({ body }) => body, String);
        await expect.poll(page, { timeout: 300_000 }).toBe("good");
      }),
    );
    const writes = (): number => proxy.seen.filter((asked) => asked.writes && asked.resource !== "coordination.k8s.io/leases").length;
    const inRest = async (): Promise<number> => {
      const before = writes();
      await sleep(AT_REST_MS);
      return writes() - before;
    };
    await expect.poll(inRest, { timeout: 120_000 }).toBe(0);
  });

  it("touched no namespace but Howdah's", async () => {
    const { items } = await api.list(resources.Namespace);
    const others = new Set(
      items.flatMap(({ metadata }) => (metadata.labels?.["howdah.dev/namespace"] === undefined ? [metadata.name] : [])),
    );
    others.delete("howdah-system");
    const touched = proxy.seen.filter(
      ({ writes, namespace, resource, name }) => writes && others.has(resource === "namespaces" ? name : namespace),
    );
    expect(touched.map(({ verb, url }) => `${verb} ${url}`)).toEqual([]);
  });
});

interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly StatusCondition[];
  readonly rollout?: { readonly release: string; readonly step: string };
}

/** 12 of `r12`; 0 of none. */
function numberOf(release: KubeObject | undefined): number {
  return Number(release?.metadata.name.slice(1) ?? 0);
}
