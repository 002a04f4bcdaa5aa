import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { expect, it } from "vitest";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { operatorRig } from "../../operator/testing/operator-rig.ts";
import type { Ports, SiteRecord } from "../ports.ts";
import { clusterUsage } from "./cluster-usage.ts";
import { measurePods } from "./measure-pods.ts";
import { siteOf } from "./testing/cluster-rig.ts";

const never = new AbortController().signal;
const site = siteOf("blog", { runtime: { php: "8.4" }, mounts: { uploads: {} } });
const record = { site, namespace: "acme", database: { server: "mariadb-11-8", name: "acme", user: "acme" } } as unknown as SiteRecord;

/** The tenants `acme` (10Gi, a pod of PHP) and `other` (no site) of a cluster. */
async function cluster() {
  const rig = operatorRig();
  const { api } = rig;
  const tenant = async (name: string, spec: object): Promise<void> => {
    await api.create(resources.Tenant, { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name }, spec });
    await rig.tenant(name);
  };
  await tenant("other", { profile: "small" });
  await tenant("acme", { storage: "10Gi" });
  const labels = { "howdah.dev/role": "serve" };
  const pod = (name: string, container: string) =>
    api.create(resources.Pod, {
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "acme", labels } },
      status: { containerStatuses: [{ name: container, state: { running: {} } }] },
    });
  await pod("web-1", "php");
  await pod("web-2", "php");
  await pod("session-server-0", "server");
  const asked: (readonly string[])[] = [];
  const exec = async (_: unknown, { argv, stdout }: { argv: readonly string[]; stdout: Writable | undefined }): Promise<number> => {
    asked.push(argv.slice(argv.indexOf("--") + 1));
    stdout?.write(JSON.stringify({ memoryBytes: 100, cpuSeconds: 1.5, volumeBytes: argv.at(-1) === "--" ? 0 : 4096 }));
    return 0;
  };
  const containers = [{ name: "web", memoryBytes: 7 }, { name: "php" }];
  const use = { user: "acme", connections: 3, connectionsSince: 9, queries: 40, cpuSeconds: 0.5, rowsRead: 1, rowsWritten: 2 };
  const ports = {
    records: { get: async (namespace: string) => (namespace === "acme" ? record : undefined) },
    engine: { kind: "kubernetes", observe: async () => ({ volumes: [], pods: [{ containers }] }) },
    databases: { usage: async () => [use], sizeBytes: async () => 1000 },
  } as unknown as Ports;
  const connected = { api: { ...api, exec }, context: "prod" } as unknown as ConnectedCluster;
  return { asked, usage: (name?: string) => clusterUsage(name, connected, async () => ports, never), connected };
}

it("adds up what the pods and the database of a tenant's sites use, against what it may", async () => {
  const { usage, asked } = await cluster();
  const [acme, other] = await usage();
  expect(acme).toMatchObject({
    ...{ tenant: "acme", profile: "own", suspended: false, storageBytes: 5096, storageBound: 10 * 1024 ** 3 },
    ...{ connections: 3, queries: 40, databaseCpuSeconds: 0.5, memoryBytes: 207, cpuSeconds: 3 },
    sites: [{ site: "blog", namespace: "acme", volumeBytes: 4096 }],
  });
  expect(other).toMatchObject({ tenant: "other", profile: "small", storageBytes: 0, storageBound: 0, sites: [] });
  expect(asked.map((directories) => directories.join(" ")).toSorted((a, b) => a.length - b.length)).toEqual(["", "/srv/web/uploads"]);
});

it("answers one tenant, and says when there is none of that name", async () => {
  const { usage } = await cluster();
  expect((await usage("acme")).map(({ tenant }) => tenant)).toEqual(["acme"]);
  await expect(usage("nobody")).rejects.toMatchObject({ code: "tenant/unknown" });
});

it("counts bytes of files with a program that follows no link", async () => {
  const directory = mkdtempSync(join(tmpdir(), "howdah-measure-"));
  try {
    mkdirSync(join(directory, "a/b"), { recursive: true });
    writeFileSync(join(directory, "a/b/one"), "x".repeat(1000));
    writeFileSync(join(directory, "two"), "x".repeat(24));
    symlinkSync("/usr", join(directory, "usr"));
    const exec = async (_: unknown, { argv, stdout }: { argv: readonly string[]; stdout: Writable | undefined }): Promise<number> => {
      const options = argv.slice(1, argv.indexOf("--") + 1);
      stdout?.write(execFileSync("php", [...options, directory]));
      return 0;
    };
    const { connected } = await cluster();
    const measured = await measurePods(record, { api: { ...connected.api, exec }, signal: never });
    expect(measured.volumeBytes).toBe(2 * (1000 + 24 + "/usr".length));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
