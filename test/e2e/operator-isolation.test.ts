import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type ApiProbe, apiProbes } from "../support/isolation/api-probes.ts";
import { type AskingAs, askAs } from "../support/isolation/ask-as.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { removeNamespaces, runningCluster } from "../support/test-cluster.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-isolation.test.ts is skipped: ${why}\n`);

const OWN = "t-iso-a";
const OTHER = "t-iso-b";
/** A namespace that no tenant has: nothing of Howdah's guards it. */
const OPEN = "t-iso-open";
const SYSTEM = "howdah-system";
const DEVELOPER = "t-iso-ann";
const PATIENCE = { timeout: 180_000, interval: 500 };
const REFUSED = 403;
const NODE = "node-1";
const KUBELET = 10_250;

const sealed = {
  ...{ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  ...{ runAsNonRoot: true, runAsUser: 50_000, seccompProfile: { type: "RuntimeDefault" } },
};

/** A pod of Pod Security's strictest kind that lists a directory to whoever asks on port 8080. */
function pod(name: string, namespace: string, more: object = {}, container: object = {}): Record<string, unknown> {
  const image = { image: BUSYBOX_IMAGE, imagePullPolicy: "IfNotPresent" };
  const serves = { name: "main", ...image, command: ["httpd", "-f", "-p", "8080", "-h", "/etc"], securityContext: sealed, ...container };
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels: { app: name } } },
    spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, nodeName: NODE, containers: [serves], ...more },
  };
}

function service(name: string, namespace: string): object {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: { selector: { app: name }, ports: [{ port: 8080 }] } };
}

/** Pods that a tenant's namespace must not take: who makes them has the node, or the pods of others. */
const evilPods: Readonly<Record<string, Record<string, unknown>>> = {
  "the node's network": { hostNetwork: true },
  "the node's processes": { hostPID: true },
  "the node's memory": { hostIPC: true },
  "the node's files": { volumes: [{ name: "root", hostPath: { path: "/" } }] },
  "a port of the node": {
    containers: [{ name: "main", image: BUSYBOX_IMAGE, securityContext: sealed, ports: [{ containerPort: 80, hostPort: 80 }] }],
  },
  "all rights": { containers: [{ name: "main", image: BUSYBOX_IMAGE, securityContext: { privileged: true } }] },
  root: { containers: [{ name: "main", image: BUSYBOX_IMAGE, securityContext: { ...sealed, runAsNonRoot: false, runAsUser: 0 } }] },
  "a right of the kernel": {
    containers: [
      { name: "main", image: BUSYBOX_IMAGE, securityContext: { ...sealed, capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } } },
    ],
  },
  "more rights than it began with": {
    containers: [{ name: "main", image: BUSYBOX_IMAGE, securityContext: { ...sealed, allowPrivilegeEscalation: true } }],
  },
  "every system call": {
    containers: [{ name: "main", image: BUSYBOX_IMAGE, securityContext: { ...sealed, seccompProfile: { type: "Unconfined" } } }],
  },
  "the place of others on a full node": { priorityClassName: "system-node-critical" },
  "the place of others in a full cluster": { priorityClassName: "system-cluster-critical" },
};

const openEverything = (namespace: string): object => ({
  ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "t-iso-open", namespace } },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{}], egress: [{}] },
});

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a tenant's developer on a cluster", () => {
  const cluster = runningCluster();
  const probes = apiProbes({ own: OWN, other: OTHER, system: SYSTEM });
  let rig: OperatorRig;
  let developer: AskingAs;
  let administrator: AskingAs;

  /** What each probe is answered; many at a time, since most of it is waiting. */
  async function answers(asking: AskingAs): Promise<ReadonlyMap<ApiProbe, number>> {
    const all: [ApiProbe, number][] = [];
    for (let at = 0; at < probes.length; at += 8)
      all.push(
        ...(await Promise.all(probes.slice(at, at + 8).map(async (probe) => [probe, await asking.ask(probe)] as [ApiProbe, number]))),
      );
    return new Map(all);
  }
  const openTo = (verb: "create" | "delete") =>
    verb === "create"
      ? rig.kubectl("create", "clusterrolebinding", "t-iso-open", "--clusterrole=cluster-admin", `--user=${DEVELOPER}`)
      : rig.kubectl("delete", "clusterrolebinding", "t-iso-open", "--ignore-not-found");

  beforeAll(async () => {
    rig = await operatorRig("isoc", 18_788);
    await rig.operator();
    await openTo("delete");
    for (const tenant of [OWN, OTHER]) {
      await rig.tenant(tenant);
      const users = tenant === OWN ? [DEVELOPER] : ["t-iso-bob"];
      const spec = { roles: { developer: { users } }, quota: { pods: 40 } };
      await rig.kubectl("patch", "tenant", tenant, "--type=merge", "--patch", JSON.stringify({ spec }));
    }
    for (const tenant of [OWN, OTHER])
      for (const made of ["role/howdah-developer", "resourcequota/howdah-tenant"])
        await rig.kubectl("wait", "--for=create", "--timeout=120s", made, "--namespace", tenant);
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: OPEN } }]);
    await rig.kubectl("wait", "--for=create", "--timeout=60s", "serviceaccount/default", "--namespace", OPEN);
    await cluster.apply([
      pod("prober", OWN),
      service("prober", OWN),
      pod("victim", OTHER),
      service("victim", OTHER),
      pod("t-iso-victim", SYSTEM),
    ]);
    developer = await askAs(DEVELOPER);
    administrator = await askAs(undefined);
  });
  afterAll(async () => {
    developer?.close();
    administrator?.close();
    await openTo("delete");
    await rig?.kubectl("delete", "pod", "t-iso-victim", "--namespace", SYSTEM, "--ignore-not-found", "--wait=false");
    await rig?.kubectl("delete", "networkpolicy", "t-iso-open", "--namespace", SYSTEM, "--ignore-not-found", "--wait=false");
    await removeNamespaces(cluster, OPEN);
    expect(await rig?.close()).toEqual([]);
  });

  it(`is refused ${String(probes.length)} questions about what is not its own`, async () => {
    expect(probes.length).toBeGreaterThan(100);
    expect(new Set(probes.map(({ what }) => what)).size).toBe(probes.length);
    await expect.poll(() => developer.ask({ what: "", method: "GET", path: `/api/v1/namespaces/${OWN}/pods` }), PATIENCE).toBe(200);
    const through = [...(await answers(developer))].filter(([, status]) => status !== REFUSED);
    expect(through.map(([{ what }, status]) => `${what}: ${String(status)}`)).toEqual([]);
  });

  it("is refused by its role alone: with an administrator's each of them is answered", async () => {
    await openTo("create");
    await expect.poll(() => developer.ask({ what: "", method: "GET", path: "/api/v1/secrets" }), PATIENCE).toBe(200);
    const refused = [...(await answers(developer))].filter(([, status]) => status === REFUSED);
    await openTo("delete");
    expect(refused.map(([{ what }]) => what)).toEqual([]);
    await expect.poll(() => developer.ask({ what: "", method: "GET", path: "/api/v1/secrets" }), PATIENCE).toBe(REFUSED);
  });

  it("gets no pod that has the node or pushes others' pods away, whoever makes it (E3)", async () => {
    const made = (namespace: string, what: string): Promise<number> => {
      const body = pod("evil", namespace, { nodeName: undefined, ...evilPods[what] });
      return administrator.ask({ what, method: "POST", path: `/api/v1/namespaces/${namespace}/pods?dryRun=All`, body });
    };
    const all = async (namespace: string): Promise<Record<string, number>> =>
      Object.fromEntries(await Promise.all(Object.keys(evilPods).map(async (what) => [what, await made(namespace, what)] as const)));
    const every = (status: number): Record<string, number> => Object.fromEntries(Object.keys(evilPods).map((what) => [what, status]));
    expect(await all(OWN)).toEqual(every(REFUSED));
    expect(await all(OPEN)).toEqual(every(201));
  });

  // But its own node's: Kubernetes lets nobody close that, and the kubelet asks who comes.
  it("has pods that reach nobody else's, no other node and no API server", async () => {
    for (const [name, namespace] of [
      ["prober", OWN],
      ["victim", OTHER],
      ["t-iso-victim", SYSTEM],
    ] as const)
      await rig.kubectl("wait", "--for=condition=Ready", "--timeout=180s", `pod/${name}`, "--namespace", namespace);
    const of = (kind: string, name: string, namespace: string, path: string): Promise<string> =>
      rig.kubectl("get", kind, name, "--namespace", namespace, `--output=jsonpath=${path}`);
    const { settings } = cluster;
    const targets: Readonly<Record<string, readonly [string, number]>> = {
      "a neighbour's pod": [await of("pod", "victim", OTHER, "{.status.podIP}"), 8080],
      "a neighbour's service": [await of("service", "victim", OTHER, "{.spec.clusterIP}"), 8080],
      "a pod of Howdah's": [await of("pod", "t-iso-victim", SYSTEM, "{.status.podIP}"), 8080],
      "the API server's service": [settings.apiService, 443],
      "the API server": [settings.control.address, 6443],
      "another node": [settings.nodes[1]?.address ?? "", KUBELET],
      "the registry": [settings.registry.address, 5000],
    };
    const reached = async (): Promise<Record<string, boolean>> =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(targets).map(async ([what, [address, port]]) => {
            const argv = ["--namespace", OWN, "exec", "prober", "--", "timeout", "5", "nc", "-w", "3", address, String(port)];
            return [what, (await cluster.kubectl(argv, { accept: "any", input: "" })).code === 0] as const;
          }),
        ),
      );
    const every = (open: boolean): Record<string, boolean> => Object.fromEntries(Object.keys(targets).map((what) => [what, open]));
    await expect.poll(reached, PATIENCE).toEqual(every(false));
    // Howdah's own namespace is closed once a database server has been there, so on a cluster that other tests have used.
    await cluster.apply([OWN, OTHER, SYSTEM].map(openEverything));
    await expect.poll(reached, PATIENCE).toEqual(every(true));
    for (const namespace of [OWN, OTHER, SYSTEM]) await rig.kubectl("delete", "networkpolicy", "t-iso-open", "--namespace", namespace);
    await expect.poll(reached, PATIENCE).toEqual(every(false));
  });
});
