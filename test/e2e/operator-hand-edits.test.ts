import { isDeepStrictEqual } from "node:util";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject, KubernetesApi, ObjectName } from "../../src/kubernetes/kubernetes-api.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { countingPage } from "../support/counting-page.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { isKept, ownedEdits, ownedKinds, type OwnedKind, saidBy } from "../support/owned-objects.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { connectAdmin, runningCluster } from "../support/test-cluster.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-hand-edits.test.ts is skipped: ${why}\n`);

const NAME = "t-edits";
const HOST = "t-edits.howdah.test";
const siteFile = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${NAME}}
spec:
  runtime: {php: "8.4"}
  web: {microcache: false}
  hostnames: [${HOST}]
  variables: {KEY: {generate: {}}}
  scale: {replicas: 2, max: 3, memory: 128Mi}
`;

/** So long a thing may take to be right again on a busy machine; the figures of a quiet one are in docs/reference/benchmarks.md. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 100;

/** B9 of the reliability list, with an operator that runs. What is found of edits of any field, by the server's own record, is in cluster-hand-edits.test.ts. */
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("what people delete and change of what an operator owns", () => {
  let rig: OperatorRig;
  let api: KubernetesApi;
  const seconds: Record<string, string[]> = {};

  const nameOf = ({ kind, metadata }: KubeObject): ObjectName => {
    const resource = resources[kind as keyof typeof resources];
    return { resource, namespace: resource.namespaced ? NAME : undefined, name: metadata.name };
  };
  /** All of the site and its tenant that somebody keeps as it is. */
  const owned = async (): Promise<readonly KubeObject[]> => {
    const found: KubeObject[] = [];
    for (const kind of ownedKinds) {
      const { items } = await api.list(resources[kind], resources[kind].namespaced ? { namespace: NAME } : {});
      found.push(...items.filter((object) => isKept(object, NAME)));
    }
    return found;
  };
  /** Until it is there, not on its way out, and says what it said; answers milliseconds. */
  const backAfter = async (former: KubeObject, gone: boolean): Promise<number> => {
    const began = performance.now();
    for (;;) {
      const live = await api.get(nameOf(former));
      const isThere = live !== undefined && live.metadata.deletionTimestamp === undefined;
      if (isThere && (!gone || live.metadata.uid !== former.metadata.uid) && isDeepStrictEqual(saidBy(live), saidBy(former)))
        return performance.now() - began;
      if (performance.now() - began > PATIENCE_MS) {
        const words = JSON.stringify([saidBy(former), live === undefined ? "gone" : saidBy(live), live?.metadata.deletionTimestamp]);
        throw new Error(`${former.kind}/${former.metadata.name} is not back after ${String(PATIENCE_MS / 1000)} s: ${words}`);
      }
      await sleep(LOOK_MS);
    }
  };
  /** Does something to each, and waits until it is undone. Answers what was not; the rest goes on. */
  const undone = async (
    deed: string,
    objects: readonly KubeObject[],
    perform: (live: KubeObject) => Promise<unknown>,
  ): Promise<string[]> => {
    const failures: string[] = [];
    for (const object of objects) {
      const live = (await api.get(nameOf(object))) ?? object;
      await perform(live);
      try {
        const ms = await backAfter(live, deed === "deleted");
        const key = `${live.kind} ${deed}`;
        seconds[key] = [...(seconds[key] ?? []), (ms / 1000).toFixed(1)];
      } catch (error) {
        failures.push(String(error));
      }
    }
    return failures;
  };

  beforeAll(async () => {
    ({ api } = await connectAdmin(runningCluster().kubeconfig, { rate: { perSecond: 1000, burst: 1000 } }));
    rig = await operatorRig("edits", 18_796);
    const code = join(rig.directory, "edits");
    await mkdir(code);
    await writeFile(join(code, "howdah.yaml"), siteFile);
    await writeFile(join(code, "index.php"), countingPage("one"));
    await rig.operator();
    await rig.tenant(NAME);
    const spec = { quota: { pods: 40 }, limits: { max: { memory: "4Gi" } }, roles: { developer: { users: ["ann"] } } };
    await api.mergePatch({ resource: resources.Tenant, namespace: undefined, name: NAME }, { spec });
    await rig.deploy(code);
    await rig.formerGone(NAME);
  });
  afterAll(async () => {
    console.log(
      Object.entries(seconds)
        .map(([what, times]) => `${what}: ${times.join(", ")} s`)
        .join("\n"),
    );
    api?.close();
    expect(await rig?.close()).toEqual([]);
  });

  it("has one of every kind at least", async () => {
    const kinds = new Set((await owned()).map(({ kind }) => kind));
    expect(ownedKinds.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it("is put right, one object after another", async () => {
    const change = (live: KubeObject): Promise<string> => {
      const { plural, group } = nameOf(live).resource;
      const type = group === "" ? plural : `${plural}.${group}`;
      const patch = JSON.stringify(ownedEdits[live.kind as OwnedKind](live));
      return rig.kubectl("patch", type, live.metadata.name, "--namespace", NAME, "--type=merge", `--patch=${patch}`);
    };
    expect(await undone("changed", await owned(), change)).toEqual([]);
  });

  it("is made again, one object after another", async () => {
    const objects = (await owned()).filter(({ kind }) => kind !== "Namespace");
    const take = (live: KubeObject): Promise<unknown> => api.delete(nameOf(live), { preconditions: { uid: live.metadata.uid ?? "" } });
    expect(await undone("deleted", objects, take)).toEqual([]);
  });

  it("is made again after all of it was deleted at once, in the foreground", async () => {
    const objects = (await owned()).filter(({ kind }) => kind !== "Namespace");
    const propagation = "Foreground";
    for (const { kind, metadata } of objects) {
      const gone = { preconditions: { uid: metadata.uid ?? "" }, propagation } as const;
      await api.delete(nameOf({ apiVersion: "", kind, metadata }), gone);
    }
    const times = await Promise.all(objects.map((object) => backAfter(object, true)));
    seconds["all at once"] = [(Math.max(...times) / 1000).toFixed(1)];
  });

  it("serves in the end, with nothing left to say, and nothing is written any more", async () => {
    const ready = "{.status.conditions[*].type}={.status.conditions[*].status}";
    const conditions = (): Promise<string> =>
      rig.kubectl("get", "environment", "production", "--namespace", NAME, `--output=jsonpath=${ready}`);
    await expect.poll(conditions, { timeout: 120_000 }).toBe("Ready=True");
    await rig.formerGone(NAME);
    await expect.poll(async () => (await rig.get(HOST, "/").catch(() => undefined))?.status, { timeout: 180_000 }).toBe(200);
    const versions = async (): Promise<readonly string[]> =>
      (await owned())
        .filter(({ kind }) => kind !== "HorizontalPodAutoscaler")
        .map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.resourceVersion ?? ""}`);
    let before: readonly string[] = [];
    await expect
      .poll(
        async () => {
          const [former, now] = [before, (before = await versions())];
          return isDeepStrictEqual(former, now);
        },
        { timeout: 180_000, interval: 5000 },
      )
      .toBe(true);
  });
});
