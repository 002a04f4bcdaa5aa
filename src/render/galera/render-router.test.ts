import { describe, expect, it } from "vitest";
import { renderAccessTo } from "../database/render-database-access.ts";
import { parseHaproxy } from "../router/haproxy/parse-haproxy.ts";
import { galeraSelector, renderGalera } from "./render-galera.ts";
import { haproxyInside } from "./haproxy-inside.ts";
import { type GaleraRouter, renderRouter, routerSelector } from "./render-router.ts";

interface Template {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } };
}
const nodesOf = { version: "11.8", image: "x", replicas: 3, memoryBytes: 1024 ** 3, storage: "1Gi", nameServers: [] };

const router: GaleraRouter = {
  server: { name: "main", replicas: 3, nameServers: ["169.254.20.10"] },
  image: `registry.example/haproxy@sha256:${"a".repeat(64)}`,
  replicas: 2,
  maxConnections: 400,
  sleeps: true,
  nearest: true,
  clusterDomain: "cluster.local",
};
// biome-ignore lint/suspicious/noExplicitAny: the objects are Kubernetes' own, and this reads deep into them
const of = (kind: string, one = router): any => renderRouter(one, haproxyInside(one)).find((object) => object.kind === kind);

describe("the routers before a Galera cluster", () => {
  it("are what sites find under the server's own name", () => {
    const { metadata, spec } = of("Service");
    expect(metadata).toMatchObject({ name: "main", namespace: "howdah-system" });
    expect(spec.ports).toMatchObject([{ port: 3306, targetPort: 3306 }]);
    expect(of("Deployment").spec.template.metadata.labels).toMatchObject(spec.selector);
  });

  it("ask every node by a whole name that stays, since HAProxy knows no search list", () => {
    const writer = parseHaproxy(of("ConfigMap").data["haproxy.cfg"]).find(({ name }) => name === "writer");
    const servers = writer?.lines.filter(([word]) => word === "server") ?? [];
    expect(servers.map(([, name, place]) => [name, place])).toEqual(
      ["0", "1", "2"].map((one) => [`main-node-${one}`, `main-node-${one}.main-node.howdah-system.svc.cluster.local:3306`]),
    );
    expect(servers.every((words) => words.at(-1) === "9200")).toBe(true);
  });

  it("start when there is a writer, and stay when it is lost", () => {
    const [container] = of("Deployment").spec.template.spec.containers;
    expect(container.startupProbe.httpGet.path).toBe("/writer-known");
    expect([container.readinessProbe, container.livenessProbe].map(({ httpGet }) => httpGet.path)).toEqual(["/alive", "/alive"]);
    expect(of("Deployment").spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
  });

  it("are asked on the same machine first, where the API server knows how: those of a lost one let connections hang", () => {
    expect(of("Service").spec.trafficDistribution).toBe("PreferSameNode");
    expect(of("Service", { ...router, nearest: false }).spec.trafficDistribution).toBeUndefined();
  });

  it("are made anew elsewhere half a minute after their machine was lost, not after five", () => {
    const { tolerations } = of("Deployment").spec.template.spec;
    expect(tolerations).toMatchObject(
      ["not-ready", "unreachable"].map((taint) => ({ key: `node.kubernetes.io/${taint}`, tolerationSeconds: 30 })),
    );
  });

  it("are sealed, and let nobody in but Howdah's own pods to their statistics: sites have policies of their own", () => {
    const { spec } = of("Deployment").spec.template;
    expect(spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(spec.containers[0].securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    const policy = of("NetworkPolicy").spec;
    expect(policy.ingress).toEqual([{ from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: 9201 }] }]);
    expect(policy.policyTypes).toEqual(["Ingress", "Egress"]);
    const [nodes, names] = policy.egress;
    const template = renderGalera({ ...nodesOf, name: "main" }).find(({ kind }) => kind === "StatefulSet") as never as Template;
    expect(template.spec.template.metadata.labels).toMatchObject(nodes.to[0].podSelector.matchLabels);
    expect([nodes.ports, names.ports].map((ports) => ports.map(({ port }: { port: number }) => port))).toEqual([
      [3306, 9200],
      [53, 53],
    ]);
    expect(names.to.at(-1)).toEqual({ ipBlock: { cidr: "169.254.20.10/32" } });
  });

  it("take connections on while their address is forgotten, where the API server knows how", () => {
    const container = (one: GaleraRouter) => of("Deployment", one).spec.template.spec.containers[0];
    expect(container(router).lifecycle).toEqual({ preStop: { sleep: { seconds: 10 } } });
    expect(container({ ...router, sleeps: false }).lifecycle).toBeUndefined();
    expect(of("Deployment").spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(70);
  });

  it("let in who has a policy of a site: it selects them and no node", () => {
    const { labels } = of("Deployment").spec.template.metadata;
    expect(labels).toMatchObject(renderAccessTo({ name: "main", selector: routerSelector("main") }, "acme").spec.podSelector.matchLabels);
    expect(routerSelector("main")).not.toEqual(galeraSelector("main"));
    // By this one the operator's own policy lets it in.
    expect(labels).toMatchObject({ "app.kubernetes.io/component": "database" });
  });

  it("roll when a node is added", () => {
    const annotations = (one: GaleraRouter): unknown => of("Deployment", one).spec.template.metadata.annotations;
    expect(annotations({ ...router, server: { ...router.server, replicas: 5 } })).not.toEqual(annotations(router));
    expect(annotations({ ...router, replicas: 3 })).toEqual(annotations(router));
  });
});
