import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { operatorObjects } from "../../resources/install/operator-objects.ts";
import { renderAccessTo } from "../database/render-database-access.ts";
import { FOLLOW_WRITER } from "../router/proxysql/follow-writer.ts";
import { proxysqlInside, proxysqlSecret } from "./proxysql-inside.ts";
import { type GaleraRouter, renderRouter, routerSelector } from "./render-router.ts";

interface Template {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } };
}
type Labels = Readonly<Record<string, string>>;
interface Peer {
  readonly namespace: string;
  readonly labels: Labels;
}
interface Selector {
  readonly matchLabels?: Labels;
}
interface Policy {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly podSelector: Selector;
    readonly ingress?: readonly {
      readonly from?: readonly { readonly podSelector?: Selector; readonly namespaceSelector?: Selector }[];
      readonly ports?: readonly { readonly port: number }[];
    }[];
  };
}

const matches = ({ matchLabels = {} }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([label, value]) => labels[label] === value);

/** Whether a policy lets a peer to a port of a pod that it selects, as Kubernetes reads it. */
function lets({ metadata: { namespace }, spec }: Policy, pod: Labels, peer: Peer, port: number): boolean {
  if (namespace !== "howdah-system" || !matches(spec.podSelector, pod)) return false;
  return (spec.ingress ?? []).some(
    ({ from, ports }) =>
      (ports === undefined || ports.some((one) => one.port === port)) &&
      (from === undefined ||
        from.some(({ podSelector, namespaceSelector }) => {
          const there = namespaceSelector === undefined ? peer.namespace === namespace : matches(namespaceSelector, namespaceLabels(peer));
          return there && (podSelector === undefined || matches(podSelector, peer.labels));
        })),
  );
}

function namespaceLabels({ namespace }: Peer): Labels {
  return { "kubernetes.io/metadata.name": namespace, "howdah.dev/namespace": namespace };
}

const image = `registry.example/proxysql@sha256:${"a".repeat(64)}`;
const nodeImage = `registry.example/galera@sha256:${"b".repeat(64)}`;
const router: GaleraRouter = {
  server: { name: "main", replicas: 3, nameServers: [] },
  ...{ image, replicas: 2, maxConnections: 61, sleeps: true, nearest: false, clusterDomain: "cluster.local" },
};
// biome-ignore lint/suspicious/noExplicitAny: the objects are Kubernetes' own, and this reads deep into them
const of = (kind: string, secretDigest = "x"): any =>
  renderRouter(router, proxysqlInside(router, { nodeImage, secretDigest })).find((object) => object.kind === kind);

describe("ProxySQL before a Galera cluster", () => {
  it("is administered from the operator alone: no tenant's pod and no other pod of Howdah's gets to that port", () => {
    const { ingress, policyTypes } = of("NetworkPolicy").spec;
    expect(policyTypes).toContain("Ingress");
    expect(ingress).toHaveLength(1);
    const [{ from, ports }] = ingress;
    expect(ports).toEqual([{ protocol: "TCP", port: 6032 }]);
    // Without a namespace in it a peer is of the policy's own namespace, where no tenant may have pods.
    expect(from).toEqual([{ podSelector: { matchLabels: expect.anything() as unknown } }]);
    const operator = operatorObjects({ image, pullSecret: null, settings: "{}" }).find(
      ({ kind }) => kind === "Deployment",
    ) as never as Template;
    expect(operator.spec.template.metadata.labels).toMatchObject(from[0].podSelector.matchLabels);
    expect(of("Service").spec.ports.map(({ port }: { port: number }) => port)).toEqual([3306]);
  });

  it("lets a tenant's pod to SQL where its site has a policy, and to the administration never: policies add up", () => {
    const ours = operatorObjects({ image, pullSecret: null, settings: "{}" }).filter(({ kind }) => kind === "NetworkPolicy");
    const access = renderAccessTo({ name: "main", selector: routerSelector("main") }, "acme");
    const site = { ...access, metadata: { ...access.metadata, namespace: "howdah-system" } }; // as the engine writes it
    const policies = [of("NetworkPolicy"), site, ...ours] as unknown as readonly Policy[];
    const pod = of("Deployment").spec.template.metadata.labels as Labels;
    const operator = { namespace: "howdah-system", labels: { "app.kubernetes.io/name": "howdah-operator" } };
    const tenants = ["acme", "other"].map((namespace) => ({ namespace, labels: { ...operator.labels, ...pod } }));
    const node = { namespace: "howdah-system", labels: { "app.kubernetes.io/name": "galera" } };
    const reach = (peer: Peer, port: number, all = policies): boolean => all.some((policy) => lets(policy, pod, peer, port));
    expect([operator, ...tenants, node].map((peer) => reach(peer, 6032))).toEqual([true, false, false, false]);
    expect([...tenants, node].map((peer) => reach(peer, 3306))).toEqual([true, false, false]);
    // With the port open to whoever may ask for SQL, the same question is answered with yes.
    const open = JSON.parse(JSON.stringify(site).replaceAll("3306", "6032")) as Policy;
    expect(reach(tenants[0] ?? node, 6032, [open])).toBe(true);
  });

  it("is sealed as Pod Security `restricted` wants it, apart, and one at a time goes", () => {
    const { spec } = of("Deployment").spec.template;
    expect(spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, fsGroup: 50_000 } });
    for (const { securityContext, resources, image: used } of spec.containers) {
      expect(securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
      expect(resources).toMatchObject({
        limits: { memory: expect.any(String) as string },
        requests: { cpu: expect.any(String) as string },
      });
      expect(used).toMatch(/@sha256:/);
    }
    expect(spec.affinity.podAntiAffinity).toBeDefined();
    expect(of("PodDisruptionBudget").spec.maxUnavailable).toBe(1);
  });

  it("follows the writer that the nodes name, and is in the Service when it has found it", () => {
    const [, follower] = of("Deployment").spec.template.spec.containers;
    expect(follower).toMatchObject({ image: nodeImage, command: ["/bin/sh", "/etc/howdah-router/follow-writer.sh"] });
    expect(of("ConfigMap").data).toEqual({ "follow-writer.sh": FOLLOW_WRITER });
    const hosts = ["0", "1", "2"].map((one) => `main-node-${one}.main-node.howdah-system.svc`).join(" ");
    expect(follower.env).toContainEqual({ name: "HOWDAH_NODES", value: hosts });
    expect(follower.readinessProbe.exec.command).toEqual(["test", "-e", "/run/router/ready"]);
  });

  it("has its password in a Secret alone, and rolls when that changes", () => {
    const secret = proxysqlSecret(new Secret("0123456789abcdefXYZ", "test"));
    expect(Object.keys(secret)).toEqual(["proxysql.cnf", "client.cnf"]);
    expect(secret["client.cnf"]?.reveal()).toContain("password=0123456789abcdefXYZ\n");
    const text = JSON.stringify(renderRouter(router, proxysqlInside(router, { nodeImage, secretDigest: "x" })));
    expect(text).not.toContain("0123456789abcdefXYZ");
    const digest = (one: string): unknown => of("Deployment", one).spec.template.metadata.annotations;
    expect(digest("x")).not.toEqual(digest("y"));
  });
});
