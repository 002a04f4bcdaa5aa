import { describe, expect, it } from "vitest";
import { NODE_CHECK } from "../router/node-check.ts";
import { galeraOptions } from "./galera-options.ts";
import { galeraNodeNames, type GaleraServer, renderGalera } from "./render-galera.ts";

const GIB = 1024 ** 3;
const server: GaleraServer = {
  ...{ name: "main", version: "11.8", image: `registry.example/galera@sha256:${"a".repeat(64)}`, replicas: 3 },
  ...{ memoryBytes: GIB, storage: "10Gi", secretDigest: "one", nameServers: ["169.254.20.10"] },
};
const objects = renderGalera(server);
// biome-ignore lint/suspicious/noExplicitAny: the objects are Kubernetes' own, and this reads deep into them
const of = (kind: string): any => objects.find((object) => object.kind === kind);

describe("the nodes of a Galera cluster", () => {
  it("are on different machines, of which one at most may be taken away at a time", () => {
    const { affinity } = of("StatefulSet").spec.template.spec;
    expect(affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey).toBe("kubernetes.io/hostname");
    expect(of("PodDisruptionBudget").spec.maxUnavailable).toBe(1);
  });

  it("come up together, as each must say how far its data came, and change one by one", () => {
    expect(of("StatefulSet").spec).toMatchObject({ podManagementPolicy: "Parallel", updateStrategy: { type: "RollingUpdate" } });
    expect(of("Service").spec).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true });
  });

  it("keep their volumes whatever becomes of the set", () => {
    const { spec } = of("StatefulSet");
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
    expect(spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe("10Gi");
  });

  it("are sealed, have requests, time to end, and no probe that kills them", () => {
    const { spec } = of("StatefulSet").spec.template;
    const [container] = spec.containers;
    expect(spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(120);
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(container.resources.requests).toEqual({ cpu: "250m", memory: String(GIB) });
    expect(container.livenessProbe).toBeUndefined();
    expect(container.startupProbe).toBeUndefined();
  });

  it("know one another by names that stay", () => {
    const env = of("StatefulSet").spec.template.spec.containers[0].env as { name: string; value?: string }[];
    const peers = env.find(({ name }) => name === "HOWDAH_PEERS")?.value;
    expect(peers).toBe(["0", "1", "2"].map((one) => `main-node-${one}.main-node.howdah-system.svc`).join(","));
    expect(galeraNodeNames(server)).toEqual(["main-node-0", "main-node-1", "main-node-2"]);
  });

  it("let nobody but nodes to the ports that ask for no password", () => {
    const { ingress, policyTypes, egress } = of("NetworkPolicy").spec;
    const ports = (rule: { ports: { port: number }[] }): number[] => rule.ports.map(({ port }) => port);
    expect(policyTypes).toEqual(["Ingress", "Egress"]);
    expect(ports(ingress[0])).toEqual([3306, 4567, 4568, 4444, NODE_CHECK.port]);
    expect(ports(ingress[1])).toEqual([3306, NODE_CHECK.port]);
    expect(egress).toHaveLength(2);
    expect(egress[1].to.at(-1)).toEqual({ ipBlock: { cidr: "169.254.20.10/32" } });
  });

  it("roll when their configuration or the administrator's password changes", () => {
    const annotations = (one: GaleraServer): unknown =>
      // biome-ignore lint/suspicious/noExplicitAny: as above
      (renderGalera(one).find(({ kind }) => kind === "StatefulSet") as any).spec.template.metadata.annotations;
    expect(annotations({ ...server, secretDigest: "two" })).not.toEqual(annotations(server));
    expect(annotations({ ...server, memoryBytes: 2 * GIB })).not.toEqual(annotations(server));
    expect(annotations({ ...server, image: "x" })).toEqual(annotations(server));
  });

  it("have the timeouts that were measured, never below two seconds, and lose nothing that was acknowledged", () => {
    const options = new Map(galeraOptions("main", GIB)[0]?.options.map(({ key, value }) => [key, value]));
    const provider = String(options.get("wsrep-provider-options"));
    for (const one of [
      "evs.suspect_timeout=PT2S",
      "evs.inactive_timeout=PT6S",
      "evs.install_timeout=PT6S",
      "evs.keepalive_period=PT0.5S",
    ]) {
      expect(provider.split(";")).toContain(one);
    }
    expect(provider).toContain("pc.recovery=FALSE");
    expect(options.get("innodb-flush-log-at-trx-commit")).toBe(1);
    // What a session may ask for is bounded. No limit kills a statement: one on one node alone would put that node out.
    expect([options.get("maximum-sort-buffer-size"), options.get("maximum-max-heap-table-size")]).toEqual([2 ** 24, 2 ** 26]);
    expect([...options.keys()].filter((key) => key.includes("max-session-mem-used"))).toEqual([]);
    expect(options.get("log-bin-trust-function-creators")).toBe(1);
    expect(options.get("wsrep-mode")).toBe("STRICT_REPLICATION,DISALLOW_LOCAL_GTID");
  });
});
