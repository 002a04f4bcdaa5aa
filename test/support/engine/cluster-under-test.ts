import { PassThrough } from "node:stream";
import type { Engine } from "../../../src/engine/engine.ts";
import type { EngineUnderTest } from "../../../src/engine/engine-contract.ts";
import type { MaintenancePod } from "../../../src/engine/kubernetes/cluster.ts";
import { kubernetesEngine } from "../../../src/engine/kubernetes/kubernetes-engine.ts";
import type { PodObject } from "../../../src/engine/kubernetes/views.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import type { KubeObject, KubernetesApi } from "../../../src/kubernetes/kubernetes-api.ts";
import { resources } from "../../../src/kubernetes/resources.ts";
import { defaultClusterSettings } from "../../../src/render/cluster/cluster-settings.ts";
import { completeForCluster } from "../../../src/render/cluster/complete-for-cluster.ts";
import type { Rendered } from "../../../src/render/objects.ts";
import { connect, createWorkshop, kubeconfigOf } from "../../cluster/cluster.ts";
import { settingsOf } from "../../cluster/settings.ts";
import { type Answer, bodyOrStatus, httpAnswer } from "../http-answer.ts";
import { systemClock } from "../system-clock.ts";
import { connectAdmin } from "../test-cluster.ts";
import { behaveRecipe } from "./behave-recipe.ts";

/** The Gateway of the test cluster, and where it listens. */
const GATEWAY = { kind: "gateway", namespace: "gateway", name: "howdah", http: "http", https: "https" } as const;
const GATEWAY_PORT = 80;
/** Nodes, name server and Gateway follow a change within seconds; a loaded machine takes longer. */
const FOLLOWS_MS = 60_000;

/** The engine on the test cluster, in namespaces of its own. */
export interface ClusterUnderTest extends EngineUnderTest {
  readonly api: KubernetesApi;
  readonly prefix: string;
  /** The same engine by another clock. */
  readonly engineBy: (clock: Clock) => Engine;
  /** Namespaces of this test that are left. */
  readonly leftovers: () => Promise<readonly string[]>;
}

/** Opens the cluster that runs (`npm run cluster -- start`); all names of namespaces begin with `prefix`. */
export async function clusterUnderTest(prefix: string): Promise<ClusterUnderTest> {
  const settings = settingsOf();
  const recipe = await behaveRecipe();
  const workshop = createWorkshop(settings, () => undefined);
  const cluster = connect(workshop);
  await cluster.load([await workshop.image(recipe)]);
  const { api } = await connectAdmin(kubeconfigOf(settings));
  let names = 0;
  const engineBy = (clock: Clock): Engine =>
    kubernetesEngine(
      { prefix, trustedProxies: [settings.podNetwork] },
      {
        ...{ api, clock, fence, maintenancePod },
        randomName: () => `${String((names += 1))}-${Math.random().toString(36).slice(2, 8)}`,
        complete: (namespace, rendered) => complete(namespace, rendered, prefix),
      },
    );
  return {
    ...{ engine: engineBy(systemClock), engineBy, api, prefix },
    image: recipe.name,
    ask: async (hostname) => bodyOrStatus(await gatewayAnswer(hostname)),
    kill: async (namespace, workload) => {
      for (const pod of await podsOf(api, `${prefix}${namespace}`, workload)) {
        const container = { namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container: "main" };
        const request = { argv: ["kill", "-TERM", "1"], stdin: undefined, stdout: new PassThrough(), stderr: undefined, tty: false };
        await api.exec(container, request, AbortSignal.timeout(30_000));
      }
    },
    show: async (namespace) => {
      const { stdout } = await cluster.kubectl([
        "--namespace",
        `${prefix}${namespace}`,
        "get",
        "all,configmaps,httproutes,networkpolicies",
        "--selector=howdah.dev/engine",
        "--output=yaml",
      ]);
      return stdout;
    },
    stop: async () => {
      const { items } = await api.list(resources.Namespace);
      for (const { metadata } of items.filter(({ metadata }) => metadata.name.startsWith(prefix))) {
        const name = { resource: resources.Namespace, namespace: undefined, name: metadata.name };
        await api.delete(name, { preconditions: { uid: metadata.uid ?? "" } });
      }
      api.close();
    },
    leftovers: async () => {
      const { stdout } = await cluster.kubectl(["get", "namespaces", "--output=name"]);
      return stdout.split("\n").filter((name) => name.startsWith(`namespace/${prefix}`));
    },
    cluster: {
      followsMs: FOLLOWS_MS,
      host: (service, namespace) => `${service}.${prefix}${namespace}.svc.cluster.local`,
    },
  };
}

/** As a site's objects are completed, but for the policies of web servers and databases: the contract's pods are neither. */
function complete(namespace: string, rendered: Rendered, prefix: string): readonly KubeObject[] {
  const settings = { ...defaultClusterSettings, namespace, wayIn: GATEWAY };
  const objects = completeForCluster(rendered, settings).filter(
    ({ kind }) => kind !== "NetworkPolicy" || rendered.object.kind === "NetworkPolicy",
  );
  return rendered.object.kind === "NetworkPolicy" ? objects.map((policy) => withPrefix(policy, prefix)) : objects;
}

/** Policies of the contract name namespaces as the engine does. */
function withPrefix(policy: KubeObject, prefix: string): KubeObject {
  const text = JSON.stringify(policy).replaceAll(/("kubernetes\.io\/metadata\.name":")/g, `$1${prefix}`);
  return JSON.parse(text) as KubeObject;
}

/** Lets a namespace's own pods in, the way in, and nobody else. */
function fence(namespace: string): readonly KubeObject[] {
  const from = [{ podSelector: {} }, { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": GATEWAY.namespace } } }];
  const spec = { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from }] };
  return [{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "fence", namespace }, spec }];
}

/** A server of one answer, from the programs of the contract's image. */
function maintenancePod({
  page,
  ports,
}: {
  readonly page: { readonly text: string; readonly retryAfter: number };
  readonly ports: readonly number[];
}): MaintenancePod {
  const answer = `HTTP/1.1 503 Service Unavailable\r\nRetry-After: ${String(page.retryAfter)}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${page.text}\n`;
  // A request is read to its empty line first: an answer before it would be a reset to whoever still sends.
  const serve = 'while read -r line; do [ "${#line}" -le 1 ] && break; done; cat /srv/web/answer';
  return {
    container: {
      command: ["nc", "-ll", "-p", String(ports[0]), "-e", "/bin/sh", "/srv/web/serve"],
      volumeMounts: [{ name: "files", mountPath: "/srv/web", readOnly: true }],
    },
    volumes: [],
    files: { answer, serve },
  };
}

async function podsOf(api: KubernetesApi, namespace: string, workload: string): Promise<readonly PodObject[]> {
  const { items } = await api.list(resources.Pod, { namespace, labelSelector: `howdah.dev/workload=${workload},howdah.dev/role=serve` });
  return items as readonly PodObject[];
}

/** What the Gateway answers for `/` of a hostname, at the first node. */
export function gatewayAnswer(hostname: string): Promise<Answer> {
  return httpAnswer({ address: settingsOf().nodes[0]?.address ?? "", port: GATEWAY_PORT }, hostname, "/");
}
