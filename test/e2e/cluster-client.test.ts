import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject, KubernetesApi, ObjectName, Resource, WatchEvent } from "../../src/kubernetes/kubernetes-api.ts";
import { Leadership } from "../../src/kubernetes/lease.ts";
import { Reflector } from "../../src/kubernetes/reflector.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { BUSYBOX_IMAGE } from "../cluster/addons/busybox.ts";
import { systemClock } from "../support/system-clock.ts";
import { connectAdmin, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = `howdah-e2e-client-${randomBytes(3).toString("hex")}`;
const skip = await whyNoCluster();

describe.skipIf(skip !== undefined)(`the client of the API on a real cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  let api: KubernetesApi;

  beforeAll(async () => {
    ({ api } = await connectAdmin(cluster.kubeconfig));
    await api.apply(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    await cluster.kubectl(["--namespace", NAMESPACE, "wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
  });

  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
    api.close();
  });

  describe("writing", () => {
    it("says whose field it is that is taken, and takes it when told to", async () => {
      await api.apply(resources.ConfigMap, configMap("owned", { key: "ours" }));
      const theirs = configMap("owned", { key: "theirs" });
      await expect(api.apply(resources.ConfigMap, theirs, { fieldManager: "other", force: false })).rejects.toMatchObject({
        code: "cluster/conflict",
        message: expect.stringMatching(/conflict with "howdah".*\.data\.key/),
      });
      await expect(api.apply(resources.ConfigMap, theirs, { fieldManager: "other" })).resolves.toMatchObject({ data: { key: "theirs" } });
    });

    it("brings any text through, though apply takes YAML", async () => {
      const text = "a\u2028b\u0085c\u007f\ufeff😀\ttab\r\n  - {x}: & * yes ' \" \\ \u2029 \ufffe é";
      await expect(api.apply(resources.ConfigMap, configMap("text", { text }))).resolves.toMatchObject({ data: { text } });
    });

    it.each([
      ["an unknown field, for which the server says 500", { spec: { replica: 1 } }, ".spec.replica: field not declared in schema"],
      ["wrong values, all at once, with their paths", { spec: { ...template(), replicas: -1 } }, "spec.replicas: Invalid value: -1"],
      ["a value of the wrong type", { spec: { ...template(), replicas: "two" } }, "replicas"],
    ])("says on a dry run what is wrong: %s", async (_name, fields, words) => {
      const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "dry", namespace: NAMESPACE }, ...fields };
      await expect(api.apply(resources.Deployment, deployment, { dryRun: true })).rejects.toMatchObject({
        code: "cluster/rejected",
        message: expect.stringContaining(words),
      });
      await expect(api.get(named(resources.Deployment, "dry"))).resolves.toBeUndefined();
    });

    it("writes and deletes only what it was decided on", async () => {
      const { metadata } = await api.apply(resources.ConfigMap, configMap("held"));
      const { uid = "", resourceVersion = "" } = metadata;
      await api.mergePatch(named(resources.ConfigMap, "held"), { data: { changed: "yes" } });
      const stale = { ...configMap("held"), metadata: { ...metadata, managedFields: undefined } };
      await expect(api.replace(resources.ConfigMap, stale)).rejects.toMatchObject({ code: "cluster/conflict" });
      const anew = { ...configMap("held"), metadata: { ...configMap("held").metadata, uid: "another" } };
      await expect(api.apply(resources.ConfigMap, anew)).rejects.toMatchObject({ code: "cluster/conflict" });
      const name = named(resources.ConfigMap, "held");
      await expect(api.delete(name, { preconditions: { uid, resourceVersion } })).rejects.toMatchObject({ code: "cluster/conflict" });
      await expect(api.delete(name, { preconditions: { uid: "another" } })).rejects.toMatchObject({ code: "cluster/conflict" });
      await expect(api.delete(name, { preconditions: { uid } })).resolves.toBe(true);
      await expect(api.delete(name, { preconditions: { uid } })).resolves.toBe(false);
    });

    it("says that our own resources, or others', are not there", async () => {
      const unknown = { ...resources.Tenant, version: "v9" };
      await expect(api.list(unknown)).rejects.toMatchObject({ code: "cluster/not-installed" });
      await expect(api.list({ ...resources.HTTPRoute, group: "nothing.example.org" })).rejects.toMatchObject({ code: "cluster/rejected" });
    });
  });

  describe("watching", () => {
    it("begins with all there is, says where that ends, and goes on", async () => {
      await api.apply(resources.ConfigMap, configMap("first"));
      const stop = new AbortController();
      const events: WatchEvent[] = [];
      try {
        for await (const event of api.watch(
          resources.ConfigMap,
          { namespace: NAMESPACE, from: undefined, timeoutSeconds: 60 },
          stop.signal,
        )) {
          events.push(event);
          if (event.initialEnd === true) await api.apply(resources.ConfigMap, configMap("second"));
          if (event.object.metadata.name === "second") break;
        }
      } finally {
        stop.abort();
      }
      const end = events.findIndex(({ initialEnd }) => initialEnd === true);
      expect(events.slice(0, end).map(({ object }) => object.metadata.name)).toContain("first");
      expect(events.slice(end + 1).map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(["ADDED second"]);
    });

    it("keeps a store like the server's objects", async () => {
      const select = { namespace: NAMESPACE, labelSelector: "test=store" };
      const reflector = new Reflector({ api, resource: resources.ConfigMap, select, clock: systemClock, random: Math.random });
      const stop = new AbortController();
      const done = reflector.run(stop.signal);
      await reflector.whenSynced();
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => api.apply(resources.ConfigMap, configMap(`s${String(i)}`, { i: String(i) }, true))),
      );
      await api.mergePatch(named(resources.ConfigMap, "s7"), { metadata: { labels: { test: "no-more" } } });
      const { uid = "" } = (await api.get(named(resources.ConfigMap, "s8")))?.metadata ?? {};
      await api.delete(named(resources.ConfigMap, "s8"), { preconditions: { uid } });
      const { items } = await api.list(resources.ConfigMap, select);
      const truth = items.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`).sort();
      expect(truth).toHaveLength(38);
      const known = () =>
        reflector.objects
          .all()
          .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`)
          .sort();
      await expect.poll(known, { timeout: 180_000 }).toEqual(truth);
      stop.abort();
      await done;
    });
  });

  it("elects one of two, and the other when the first gives up", async () => {
    const terms: string[] = [];
    const contend = (identity: string) => {
      const leadership = new Leadership({
        api,
        namespace: NAMESPACE,
        name: "leader",
        identity,
        clock: systemClock,
        monotonic: () => performance.now(),
        random: Math.random,
        retryMs: 300,
      });
      const stop = new AbortController();
      const done = leadership.run(async (term, signal) => {
        terms.push(`${identity} ${String(term)}`);
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            resolve();
          });
        });
      }, stop.signal);
      return { stop, done };
    };
    const first = contend("a");
    await expect.poll(() => terms, { timeout: 180_000 }).toEqual(["a 0"]);
    const second = contend("b");
    await sleep(2000);
    expect(terms).toEqual(["a 0"]);
    first.stop.abort();
    await first.done;
    await expect.poll(() => terms, { timeout: 180_000 }).toEqual(["a 0", "b 1"]);
    second.stop.abort();
    await second.done;
  });

  describe("as a pod", () => {
    it("uses the service account's token as it is renewed, and says which right is missing", async () => {
      const folder = await mkdtemp(join(tmpdir(), "howdah-account-"));
      const { stdout: token } = await cluster.kubectl(["--namespace", NAMESPACE, "create", "token", "default"]);
      const kubeconfig = await readFile(cluster.kubeconfig, "utf8");
      const ca = Buffer.from(/certificate-authority-data"?: "?([A-Za-z0-9+/=]+)/.exec(kubeconfig)?.[1] ?? "", "base64");
      await writeFile(join(folder, "ca.crt"), ca);
      await writeFile(join(folder, "token"), "not-a-token\n");
      const { hostname, port } = new URL(api.server);
      const inCluster = await connectAdmin(cluster.kubeconfig, { access: { kind: "in-cluster", host: hostname, port, folder } });
      try {
        await expect(inCluster.api.list(resources.Node)).rejects.toMatchObject({ code: "cluster/unauthorized" });
        await writeFile(join(folder, "token"), `${token.trim()}\n`);
        await expect(inCluster.api.list(resources.Node)).rejects.toMatchObject({
          code: "cluster/forbidden",
          message: expect.stringContaining(`User "system:serviceaccount:${NAMESPACE}:default" cannot list resource "nodes"`),
        });
        await expect(inCluster.api.version()).resolves.toMatch(/^1\.\d+$/);
      } finally {
        inCluster.api.close();
        await rm(folder, { recursive: true, force: true });
      }
    });

    it("does not speak to a server whose certificate is another authority's", async () => {
      const folder = await mkdtemp(join(tmpdir(), "howdah-account-"));
      const { rootCertificates } = await import("node:tls");
      await writeFile(join(folder, "ca.crt"), rootCertificates[0] ?? "");
      await writeFile(join(folder, "token"), "secret");
      const { hostname, port } = new URL(api.server);
      const inCluster = await connectAdmin(cluster.kubeconfig, { access: { kind: "in-cluster", host: hostname, port, folder } });
      await expect(inCluster.api.version()).rejects.toMatchObject({ code: "cluster/unreachable", message: /do not trust/ });
      inCluster.api.close();
      await rm(folder, { recursive: true, force: true });
    });
  });
});

function named(resource: Resource, name: string): ObjectName {
  return { resource, namespace: NAMESPACE, name };
}

function configMap(name: string, data: Readonly<Record<string, string>> = {}, inStore = false): KubeObject {
  const labels = { test: inStore ? "store" : "client" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE, labels }, data };
}

function template(): object {
  const labels = { app: "dry" };
  return {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "main", image: BUSYBOX_IMAGE }] } },
  };
}
