import { describe, expect, it } from "vitest";
import { parseHaproxy } from "../router/haproxy/parse-haproxy.ts";
import { type GaleraRouter, renderRouter } from "./render-router.ts";

const router: GaleraRouter = {
  server: { name: "main", replicas: 3 },
  image: `registry.example/haproxy@sha256:${"a".repeat(64)}`,
  replicas: 2,
  maxConnections: 400,
  clusterDomain: "cluster.local",
};
// biome-ignore lint/suspicious/noExplicitAny: the objects are Kubernetes' own, and this reads deep into them
const of = (kind: string, one = router): any => renderRouter(one).find((object) => object.kind === kind);

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

  it("are sealed, and show statistics to Howdah's own pods alone", () => {
    const { spec } = of("Deployment").spec.template;
    expect(spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(spec.containers[0].securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    const [sql, health] = of("NetworkPolicy").spec.ingress;
    expect([sql.ports[0].port, health]).toEqual([3306, { from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: 9201 }] }]);
  });

  it("roll when a node is added", () => {
    const annotations = (one: GaleraRouter): unknown => of("Deployment", one).spec.template.metadata.annotations;
    expect(annotations({ ...router, server: { name: "main", replicas: 5 } })).not.toEqual(annotations(router));
    expect(annotations({ ...router, replicas: 3 })).toEqual(annotations(router));
  });
});
