import { expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { createMetrics } from "../metrics.ts";
import { operatorRig } from "../testing/operator-rig.ts";
import { countUse } from "./count-use.ts";

const use = { connections: 3, connectionsSince: 9, queries: 40, cpuSeconds: 0.5, rowsRead: 1, rowsWritten: 2 };

/** Two sites of a tenant, one of them on a server outside; what the metrics say after one look. */
async function figures(usage: () => Promise<readonly object[]>): Promise<{ readonly text: string; readonly asked: readonly string[] }> {
  const rig = operatorRig();
  const { api } = rig;
  await api.create(resources.Tenant, {
    ...{ apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" } },
    spec: { namespaces: ["acme-shop", "acme-blog"] },
  });
  await rig.tenant("acme");
  const labels = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": "state" };
  const state = (namespace: string, server: string): KubeObject => ({
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "howdah-state", namespace, labels } },
    data: { site: JSON.stringify({ database: { server, name: namespace, user: namespace } }) },
  });
  await api.create(resources.ConfigMap, state("acme-shop", "mariadb-11-8"));
  await api.create(resources.ConfigMap, state("acme-blog", "company"));
  const asked: string[] = [];
  const databases = {
    usage: async ({ name }: { readonly name: string }) => {
      asked.push(name);
      return usage();
    },
  };
  const databaseServers = { get: async () => ({ name: "company", spec: { kind: "external" } }) };
  const wired = { ...rig.ports, databases, databaseServers } as unknown as typeof rig.ports;
  const metrics = createMetrics();
  const ports = { ...rig.operator, portsFor: () => wired, metrics };
  const end = new AbortController();
  let text = "";
  const sleep = async (): Promise<void> => {
    text = metrics.text();
    end.abort();
  };
  await countUse({ ports, known: ports, clock: { now: () => 0, sleep } }, end.signal);
  expect(metrics.text()).not.toContain("acme-shop"); // who leads no longer says nothing
  return { text, asked };
}

it("says what each site's user does on servers of the cluster, and asks none outside", async () => {
  const { text, asked } = await figures(async () => [{ user: "acme-shop", ...use }]);
  expect(asked).toEqual(["mariadb-11-8"]);
  const lines = text.split("\n").filter((line) => line.startsWith("howdah_site"));
  expect(lines).toEqual([
    'howdah_site_database_connections{tenant="acme",namespace="acme-shop"} 3',
    'howdah_site_database_queries_total{tenant="acme",namespace="acme-shop"} 40',
    'howdah_site_database_cpu_seconds_total{tenant="acme",namespace="acme-shop"} 0.5',
  ]);
  expect(text).toContain("# TYPE howdah_site_database_queries_total counter");
});

it("says nothing of a server that is away", async () => {
  const { text } = await figures(() => Promise.reject(new Error("away")));
  expect(text).toBe("");
});
