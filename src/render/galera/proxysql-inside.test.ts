import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { operatorObjects } from "../../resources/install/operator-objects.ts";
import { FOLLOW_WRITER } from "../router/proxysql/follow-writer.ts";
import { proxysqlInside, proxysqlSecret } from "./proxysql-inside.ts";
import { type GaleraRouter, renderRouter } from "./render-router.ts";

interface Template {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object } } };
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
