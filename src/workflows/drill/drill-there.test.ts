import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { chooseServerThere, galeraPlace } from "./drill-there.ts";

const document = (name: string, kind: "galera" | "external" = "galera"): DatabaseServerDocument =>
  ({ name, spec: { kind, default: false, galera: { replicas: 3 } } }) as DatabaseServerDocument;

/** The nodes of `main`, of which the second one writes. Statuses that the operator writes come as time goes by. */
async function cluster({ writer = "main-node-1", states = ["Healthy"] as readonly string[] } = {}) {
  const memory = memoryApi();
  for (const name of ["main-node-0", "main-node-1", "main-node-2"])
    await memory.create(resources.Pod, { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "howdah-system" }, spec: {} });
  await memory.create(resources.DatabaseServer, {
    ...{ apiVersion: "howdah.dev/v1alpha1", kind: "DatabaseServer", metadata: { name: "main" } },
    spec: { kind: "galera" },
  });
  const told: string[] = [];
  const refuses = new Set<string>();
  const exec: KubernetesApi["exec"] = async ({ pod, container }, { argv }) => {
    if (refuses.has(argv[4] ?? "")) throw new HowdahError("cluster/rejected", "no such container");
    told.push(`${pod}/${container} ${argv.slice(4).join(" ")}`);
    return 0;
  };
  const askPod = async ({ name }: { readonly name: string }) => ({ status: name === writer ? 200 : 503, headers: {}, body: "" });
  let now = 0;
  const sleep = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    const state = states[Math.min(states.length - 1, Math.floor(now / 20_000))];
    const place = { resource: resources.DatabaseServer, namespace: undefined, name: "main" };
    await memory.mergePatch(place, { status: { state } }, { subresource: "status" });
  };
  const signal = new AbortController().signal;
  const place = galeraPlace(document("main"), { ...memory, exec, askPod }, { clock: { now: () => now, sleep }, signal });
  const pods = () => memory.all("Pod").map(({ metadata }) => metadata.name);
  return { place, told, refuses, pods, signal, now: () => now };
}

it("kills the server of the node that writes, in its own container", async () => {
  const { place, told } = await cluster();
  expect(await place.strike("kill")).toEqual({ hit: "main-node-1" });
  expect(told).toEqual(["main-node-1/mariadb KILL /run/mysqld/mysqld.pid"]);
});

it("frees what it froze, unless somebody ended it meanwhile", async () => {
  const { place, told, refuses } = await cluster();
  const { undo } = await place.strike("freeze");
  await undo?.();
  expect(told.map((one) => one.split(" ")[1])).toEqual(["STOP", "CONT"]);
  refuses.add("CONT");
  await expect((await place.strike("freeze")).undo?.()).resolves.toBeUndefined();
});

it("moves the writer by deleting its pod", async () => {
  const { place, pods } = await cluster();
  expect(await place.strike("move")).toEqual({ hit: "main-node-1" });
  expect(pods()).toEqual(["main-node-0", "main-node-2"]);
});

it("harms nothing while nobody writes", async () => {
  const { place, told } = await cluster({ writer: "" });
  await expect(place.strike("kill")).rejects.toMatchObject({ code: "engine/not-ready" });
  expect(told).toEqual([]);
});

it("is whole when the operator says so after it has looked again, and not for ever", async () => {
  const back = await cluster({ states: ["Degraded", "Healthy"] });
  await back.place.whole(back.signal);
  expect(back.now()).toBeGreaterThanOrEqual(20_000);
  const away = await cluster({ states: ["Degraded"] });
  await expect(away.place.whole(away.signal)).rejects.toMatchObject({ code: "drill/not-back" });
});

it("drills servers of several nodes only, and asks for a name where there are two", async () => {
  const databaseServers = memoryDocuments<DatabaseServerDocument>();
  const choose = (given?: string) => chooseServerThere(given, { databaseServers });
  await expect(choose()).rejects.toMatchObject({ code: "database/server-unknown" });
  await databaseServers.put("company", document("company", "external"));
  await databaseServers.put("main", document("main"));
  expect((await choose()).name).toBe("main");
  await expect(choose("company")).rejects.toMatchObject({ hint: "Servers there: main." });
  await databaseServers.put("other", document("other"));
  await expect(choose()).rejects.toThrow("Name the server");
  expect((await choose("other")).name).toBe("other");
});
