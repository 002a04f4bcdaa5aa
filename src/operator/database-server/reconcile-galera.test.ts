import type { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { PodReport } from "../../providers/router/database-router.ts";
import { FOLLOW_WRITER } from "../../render/router/proxysql/follow-writer.ts";
import { databaseServerSpec } from "../../resources/schema/database-server.ts";
import type { KeptRouters } from "../../workflows/database-server/keep-routers.ts";
import { operatorRig } from "../testing/operator-rig.ts";
import { BEGIN_FROM } from "./galera-choice.ts";
import { reconcileGalera } from "./reconcile-galera.ts";

const US = "96179164-e671-11f1-9f88-ff94ad716e04";
const NONE = "00000000-0000-0000-0000-000000000000";
const image = `registry.example/galera@sha256:${"a".repeat(64)}`;
const router = `registry.example/haproxy@sha256:${"b".repeat(64)}`;
const proxysql = `registry.example/proxysql@sha256:${"c".repeat(64)}`;
const withRouter = { image, router: { image: router } };
const never = new AbortController().signal;

const waiting = (seqno: number, data = "intact") =>
  JSON.stringify({
    ...{ entrypoint: { phase: "waiting", start: `s${seqno}`, data, uuid: seqno < 0 ? NONE : US, seqno }, answered: false, server: null },
  });
const serving = (seqno: number) =>
  JSON.stringify({
    ...{ entrypoint: { phase: "joining" }, answered: true },
    server: {
      ...{ wsrep_cluster_status: "Primary", wsrep_local_state: "4", wsrep_ready: "ON", wsrep_last_committed: String(seqno) },
      ...{ wsrep_cluster_size: "3", wsrep_cluster_conf_id: "3", wsrep_cluster_state_uuid: US, version: "11.8.3-MariaDB" },
    },
  });

const withoutSql = {
  databases: { adminSecret: async () => ({ "init.sql": new Secret("", "a test"), "client.cnf": new Secret("", "a test") }) },
};

/** Pods that say what they are told to; what is run in them is written down. */
function rig(metadata: Partial<KubeObject["metadata"]> = {}, galera: object = { image }) {
  const one = operatorRig();
  Object.assign(one.ports, withoutSql);
  const said = new Map<string, string>();
  const orders: string[] = [];
  const exec: KubernetesApi["exec"] = async ({ pod }, { argv, stdout }) => {
    const answer = said.get(pod);
    if (answer === undefined) throw new HowdahError("cluster/rejected", "no such pod");
    if (argv[1] === "state") (stdout as Writable).write(Buffer.from(answer));
    else orders.push([pod, ...argv.slice(1)].join(" "));
    return 0;
  };
  const asked: KubernetesApi = { ...one.api, exec };
  const gauged = new Map<string, () => number>();
  const metrics = {
    series: () => undefined,
    gauge: (_name: string, labels: object, read: () => number) => void gauged.set(Object.values(labels).join(" "), read),
  };
  let told: readonly PodReport[] | HowdahError = [];
  const routers: KeptRouters = {
    password: async () => new Secret("0123456789abcdefXYZ", "test"),
    tell: async () => (told instanceof HowdahError ? Promise.reject(told) : told),
  };
  Object.assign(one.ports, { routers });
  const look = reconcileGalera({ ...one.operator, metrics, clusterDomain: "k8s.example.com", api: asked });
  const object: KubeObject = { apiVersion: "howdah.dev/v1alpha1", kind: "DatabaseServer", metadata: { name: "main", ...metadata } };
  const place = (kind: "Deployment") => ({ resource: resources[kind], namespace: "howdah-system", name: "main-router" });
  const routersReady = (readyReplicas: number) =>
    one.api.mergePatch(place("Deployment"), { status: { readyReplicas } }, { subresource: "status" });
  const spec = databaseServerSpec.parse({ kind: "galera", version: "11.8", galera });
  const all = (answer: (index: number) => string) => {
    for (const index of [0, 1, 2]) said.set(`main-node-${String(index)}`, answer(index));
  };
  const nodes = () => one.object("StatefulSet", "main-node", "howdah-system");
  const inSystem = (kind: keyof typeof resources, name: string) => one.object(kind, name, "howdah-system");
  return {
    routersReady,
    tellsRouters: (next: typeof told) => void (told = next),
    gauges: () => Object.fromEntries([...gauged].map(([name, read]) => [name, read()])),
    inSystem,
    asked,
    api: one.api,
    events: one.events,
    nodes,
    said,
    orders,
    all,
    look: () => look(object, spec, never),
  };
}

describe("a Galera cluster on a cluster", () => {
  it("puts the nodes there, and begins when all three say that they are empty", async () => {
    const { look, all, orders, nodes } = rig();
    expect(await look()).toMatchObject({ state: "Starting", again: 2000 });
    expect(orders).toEqual([]);
    expect(await nodes()).toBeDefined();
    all(() => waiting(-1, "missing"));
    await look();
    expect(orders).toEqual([`main-node-0 order new ${NONE}:-1 s-1`]);
  });

  it("writes nothing when nothing changed", async () => {
    const { look, all, api } = rig();
    all(() => serving(40));
    expect(await look()).toMatchObject({ state: "Healthy", version: "11.8.3-MariaDB", again: 10_000 });
    const before = api.writes.length;
    await look();
    expect(api.writes.slice(before)).toEqual([]);
  });

  it("remembers what it saw: an operator that comes later does not begin behind it, unless a person says so", async () => {
    const { look, all, said, orders } = rig({ annotations: { [BEGIN_FROM]: `main-node-2@${US}:39` } });
    all(() => serving(40));
    await look();
    all((index) => waiting(37 + index));
    said.delete("main-node-0");
    await look();
    expect(orders).toEqual([`main-node-2 order bootstrap ${US}:39 s39`]);
  });

  it("orders the highest to begin when all ended, and tells of it", async () => {
    const { look, all, orders, events } = rig();
    all(() => serving(40));
    await look();
    all((index) => waiting([41, 43, 42][index] ?? 0));
    expect(await look()).toMatchObject({ state: "FullCrash", verdicts: [{ type: "Ready", status: "False", reason: "FullCrash" }] });
    expect(orders).toEqual([`main-node-1 order bootstrap ${US}:43 s43`]);
    await look(); // the node has not obeyed yet
    expect(events).toEqual(["Warning Bootstrapped"]);
  });

  it("looks at nothing without rights to look: nobody is taken for absent by mistake", async () => {
    const one = operatorRig();
    Object.assign(one.ports, withoutSql);
    const exec: KubernetesApi["exec"] = () => Promise.reject(new Error("only from the server"));
    const look = reconcileGalera({ ...one.operator, api: { ...one.api, exec } });
    const object: KubeObject = { apiVersion: "howdah.dev/v1alpha1", kind: "DatabaseServer", metadata: { name: "main" } };
    await expect(look(object, databaseServerSpec.parse({ kind: "galera", galera: { image } }), never)).rejects.toThrow(
      "only from the server",
    );
  });

  it("heals on when the API server refuses a part, and says so", async () => {
    const { look, all, orders, asked, api } = rig();
    asked.apply = (resource, ...rest) =>
      resource.kind === "StatefulSet"
        ? Promise.reject(new HowdahError("cluster/rejected", "it may not change"))
        : api.apply(resource, ...rest);
    all(() => serving(40));
    await look();
    all((index) => waiting(41 + index));
    expect((await look()).verdicts[1]).toMatchObject({ type: "Stalled", reason: "PartsRefused", message: "it may not change" });
    expect(orders).toEqual([`main-node-2 order bootstrap ${US}:43 s43`]);
  });

  it("puts routers before the nodes, under the server's own name, and says until when sites don't get there", async () => {
    const { look, all, inSystem, routersReady, asked } = rig({}, withRouter);
    all(() => serving(40));
    asked.askPod = async ({ name, port }, { path }) => ({
      status: `${name} ${String(port)} ${path}` === "main-node-1 9200 /writer" ? 200 : 404,
      ...{ headers: {}, body: "" },
    });
    expect(await look()).toMatchObject({
      ...{ state: "Healthy", writer: "main-node-1", again: 2000 },
      verdicts: [{ type: "Ready", status: "False", reason: "RouterNotReady", message: "0 of 2 routers serve" }],
    });
    expect((await inSystem("Service", "main"))?.spec).toMatchObject({ selector: { "app.kubernetes.io/name": "database-router" } });
    for (const kind of ["PodDisruptionBudget", "NetworkPolicy", "Deployment"] as const)
      expect(await inSystem(kind, "main-router"), kind).toBeDefined();
    const configuration = (await inSystem("ConfigMap", "main-router"))?.["data"] as Record<string, string>;
    expect(configuration["haproxy.cfg"]).toContain("main-node-0.main-node.howdah-system.svc.k8s.example.com:3306");
    // Of the 204 connections that a node of this memory takes, three routers (one more in a rollout) leave it 21.
    expect(configuration["haproxy.cfg"]).toContain("maxconn 61");
    await routersReady(1);
    expect((await look()).verdicts).toMatchObject([
      { type: "Ready", status: "True", message: expect.stringContaining("1 of 2 routers serve") as string },
    ]);
    await routersReady(2);
    expect(await look()).toMatchObject({ again: 10_000, verdicts: [{ type: "Ready", status: "True", reason: "Healthy" }] });
  });

  it("writes nothing of the routers when nothing changed, and new pods for another image", async () => {
    const { look, all, api, inSystem } = rig({}, withRouter);
    all(() => serving(40));
    await look();
    const before = api.writes.length;
    await look();
    expect(api.writes.slice(before)).toEqual([]);
    await api.mergePatch(
      { resource: resources.Deployment, namespace: "howdah-system", name: "main-router" },
      { spec: { template: { spec: { containers: [] } } } },
    );
    await look();
    expect((await inSystem("Deployment", "main-router"))?.spec).toMatchObject({ template: { spec: { containers: [{ image: router }] } } });
  });

  it("runs ProxySQL where it is asked for, tells it, and says which pods are out of step, and since when", async () => {
    const { look, all, inSystem, routersReady, tellsRouters, gauges } = rig({}, { image, router: { kind: "proxysql", image: proxysql } });
    all(() => serving(40));
    tellsRouters([
      { pod: "main-router-a", state: "changed", detail: "changed nodes" },
      { pod: "main-router-b", state: "unreachable", detail: "no answer" },
    ]);
    await look();
    await routersReady(2);
    expect((await look()).verdicts).toMatchObject([
      { type: "Ready", status: "True" },
      { type: "RoutersInStep", status: "False", reason: "RoutersOutOfStep", message: "main-router-b: no answer" },
    ]);
    expect(gauges()).toEqual({ "main in-step": 1, "main out-of-step": 1 });
    tellsRouters([{ pod: "main-router-a", state: "in-step", detail: "" }]);
    expect((await look()).verdicts[1]).toMatchObject({ status: "True", reason: "AllTold" });
    tellsRouters(new HowdahError("database/unreachable", "no node answers"));
    expect((await look()).verdicts[1]).toMatchObject({ status: "Unknown", reason: "UsersUnknown" });
    expect((await inSystem("Deployment", "main-router"))?.["spec"]).toMatchObject({
      template: { spec: { containers: [{ image: proxysql }, { image }] } },
    });
    expect((await inSystem("ConfigMap", "main-router"))?.["data"]).toEqual({ "follow-writer.sh": FOLLOW_WRITER });
  });

  it("runs the nodes, and says RouterImageMissing while sites don't get to them", async () => {
    const reason = "RouterImageMissing";
    const { look, all, inSystem } = rig({}, { image, router: {} });
    all(() => serving(40));
    const { verdicts, state, again } = await look();
    expect([state, again]).toEqual(["Healthy", 10_000]);
    expect(verdicts).toMatchObject([
      { type: "Ready", status: "False", reason },
      { type: "Stalled", status: "True", reason },
    ]);
    expect(await inSystem("Service", "main")).toBeUndefined();
  });

  it("names the nodes' trouble before that of the routers, and one that the API server refuses of theirs", async () => {
    const { look, all, asked, api } = rig({}, withRouter);
    asked.apply = (resource, ...rest) =>
      resource.kind === "Deployment" ? Promise.reject(new HowdahError("cluster/rejected", "not this one")) : api.apply(resource, ...rest);
    all(() => serving(40));
    expect((await look()).verdicts[1]).toMatchObject({ type: "Stalled", reason: "PartsRefused", message: "not this one" });
    all((index) => waiting(41 + index));
    expect((await look()).verdicts).toMatchObject([{ type: "Ready", status: "False", reason: "FullCrash" }]);
  });

  it.each(["mariadb-11-8", "howdah-operator"])("takes no Service of Howdah's own: %s", async (name) => {
    const { look, inSystem } = rig({ name }, withRouter);
    expect((await look()).verdicts[0]).toMatchObject({ reason: "NameReserved" });
    expect(await inSystem("Service", name)).toBeUndefined();
  });

  it("says that it needs an image, and puts nothing there", async () => {
    const { look, nodes } = rig({}, {});
    expect((await look()).verdicts[0]).toMatchObject({ reason: "ImageMissing" });
    expect(await nodes()).toBeUndefined();
  });
});
