import { expect, it } from "vitest";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Ports } from "../../workflows/ports.ts";
import { memoryDocuments } from "../../workflows/testing/release-rig.ts";
import { operatorRig } from "../testing/operator-rig.ts";
import { guardDisks } from "./guard-disks.ts";
import { whyNoWritesKnown } from "./why-no-writes.ts";

const MIB = 1024 ** 2;
const DATA = "/var/lib/mysql/data";

/** The site of `acme` has a database on the server of its version, whose volume the test says; and on `company`, which is outside. */
async function cluster(tenant: object = {}) {
  const rig = operatorRig();
  const { api } = rig;
  await api.create(resources.Tenant, { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec: tenant });
  await rig.tenant("acme");
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  const state = (namespace: string, server: string): KubeObject => ({
    ...{ apiVersion: "v1", kind: "ConfigMap" },
    metadata: {
      ...{ name: namespace === "acme" ? "howdah-state-of-test" : "howdah-state", namespace },
      labels: { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": "state" },
    },
    data: { site: JSON.stringify({ database: { server, name: namespace } }) },
  });
  await api.create(resources.ConfigMap, state("acme", "mariadb-11-8"));
  await api.create(resources.ConfigMap, state("other", "company"));
  const disk = { free: 1000 * MIB, bytes: 10 * MIB, asked: [] as string[] };
  const exec: KubernetesApi["exec"] = async ({ namespace, pod, container }, { argv, stdout }) => {
    disk.asked.push(`${namespace}/${pod}/${container} ${argv[0] ?? ""}`);
    const blocks = (bytes: number): string => String(Math.round(bytes / 4096));
    const said =
      argv[0] === "stat"
        ? `4096 ${blocks(2000 * MIB)} ${blocks(disk.free)} ${blocks(disk.free)}`
        : `${String(disk.bytes / 1024)}\t${DATA}/acme\n${String(disk.bytes / 1024 + 500)}\t${DATA}`;
    stdout?.write(`${said}\n`);
    return 0;
  };
  const blocked = new Set<string>();
  const databases = {
    ...rig.ports.databases,
    blockWrites: async ({ name }: { readonly name: string }) => void blocked.add(name),
    allowWrites: async ({ name }: { readonly name: string }) => void blocked.delete(name),
    blockedDatabases: async () => [...blocked],
  };
  const diskGuards = memoryDocuments() as NonNullable<Ports["diskGuards"]>;
  const databaseServers = { ...rig.ports.databaseServers, get: async () => ({ name: "company", spec: { kind: "external" } }) as never };
  const wired: Ports = { ...rig.ports, databases, diskGuards, databaseServers };
  const logged: string[] = [];
  const log = (level: string, _message: string, values: object = {}): void => void logged.push(`${level} ${JSON.stringify(values)}`);
  const ports = { ...rig.operator, api: { ...api, exec }, portsFor: () => wired, log };
  const [looked, slept] = [[] as string[], [] as number[]];
  rig.events.length = 0;
  /** So many looks; `before` each. */
  const guard = async (looks: number, before: (nth: number) => unknown = () => undefined): Promise<void> => {
    const end = new AbortController();
    let nth = 0;
    await before(nth);
    const sleep = async (milliseconds: number): Promise<void> => {
      slept.push(milliseconds);
      nth += 1;
      if (nth === looks) end.abort();
      else await before(nth);
    };
    const clock = { now: () => rig.operator.clock.now(), sleep };
    await guardDisks({ ports, known: ports, clock, look: (namespace) => void looked.push(namespace) }, end.signal);
  };
  const record = { get: async () => ({ database: { server: "mariadb-11-8", name: "acme" } }) } as never;
  const leave = () =>
    api.mergePatch({ resource: resources.ConfigMap, namespace: "acme", name: "howdah-state-of-test" }, { data: { site: null } });
  return {
    ...{ disk, blocked, looked, slept, logged, guard, diskGuards, leave, events: rig.events },
    why: () => whyNoWritesKnown("acme", { records: record, diskGuards }),
  };
}

it("asks the server's own pod, and no server outside", async () => {
  const { guard, disk, blocked, slept, why } = await cluster();
  await guard(3);
  expect(new Set(disk.asked)).toEqual(new Set(["howdah-system/mariadb-11-8-0/mariadb stat", "howdah-system/mariadb-11-8-0/mariadb du"]));
  expect([[...blocked], await why(), slept[0]]).toEqual([[], undefined, 1000]);
});

it("stops the site that fills the disk, says so, and lets it write when there is room", async () => {
  const { guard, disk, blocked, looked, events, why, slept } = await cluster();
  await guard(6, (nth) => {
    disk.free = (400 - nth * 60) * MIB;
    disk.bytes = (10 + nth * 60) * MIB;
  });
  expect([[...blocked], looked]).toEqual([["acme"], ["acme"]]);
  expect(await why()).toMatchObject({ reason: "DiskAlmostFull", message: expect.stringContaining("grew fastest") });
  expect(events).toContain("Warning WritesStopped");
  expect(slept.at(-1)).toBe(1000);
  await guard(2, () => {
    disk.free = 1500 * MIB;
    disk.bytes = MIB;
  });
  expect([[...blocked], await why(), events.at(-1)]).toEqual([[], undefined, "Normal WritesAllowed"]);
});

it("stops a site whose database is larger than its tenant's storage, whatever the disk has", async () => {
  const { guard, disk, blocked, why } = await cluster({ storage: "100Mi" });
  disk.bytes = 101 * MIB;
  await guard(1);
  expect([[...blocked], (await why())?.reason]).toEqual([["acme"], "AboveItsProfile"]);
  disk.bytes = 90 * MIB;
  await guard(1);
  expect([...blocked]).toEqual([]);
});

it("says once that a server can't be asked, and blocks nobody for it", async () => {
  const { guard, disk, blocked, logged } = await cluster();
  disk.free = Number.NaN;
  await guard(3);
  expect([[...blocked], logged]).toEqual([[], [expect.stringContaining("can't be measured")]]);
});

it("forgets a server that no site has a database on any more", async () => {
  const { guard, diskGuards, leave } = await cluster();
  await guard(2, (nth) => (nth === 1 ? leave() : undefined));
  expect(await diskGuards.get("mariadb-11-8")).toBeUndefined();
});
