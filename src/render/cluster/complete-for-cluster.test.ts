import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { canonicalJson } from "../rendered.ts";
import { renderSite } from "../site/render-site.ts";
import type { ClusterObject } from "./cluster-object.ts";
import { COMPANION_LABEL, companionKinds } from "./companion.ts";
import { PHP_WAIT_SECONDS } from "./complete-container.ts";
import { completeForCluster } from "./complete-for-cluster.ts";
import { clusterInput, objectsOf, type Variant, variants } from "./testing/variants.ts";

const variant = (name: string): Variant => {
  const found = variants.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no variant ${name}`);
  return found;
};

interface Pod {
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly volumeMounts: readonly { readonly name: string }[];
      readonly resources: { readonly limits: Record<string, string>; readonly requests: Record<string, string> };
      readonly lifecycle?: object;
      readonly startupProbe?: { readonly failureThreshold: number; readonly periodSeconds: number };
      readonly livenessProbe?: object;
      readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
    }[];
    readonly volumes: readonly { readonly name: string }[];
    readonly securityContext: object;
    readonly automountServiceAccountToken: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly tolerations?: readonly { readonly key: string; readonly tolerationSeconds: number }[];
  };
}

const podsOf = (one: Variant): readonly Pod[] =>
  objectsOf(one).flatMap((object) => (object.kind === "Deployment" ? [(object["spec"] as { readonly template: Pod }).template] : []));
const containerOf = (one: Variant, name: string) =>
  podsOf(one)
    .flatMap(({ spec }) => spec.containers)
    .find((container) => container.name === name);
const keysOf = (objects: readonly ClusterObject[]): readonly string[] => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
const named = (one: Variant, key: string): ClusterObject | undefined =>
  objectsOf(one).find(({ kind, metadata }) => `${kind}/${metadata.name}` === key);

/** The files' text is expected beside their own renderers; here only which there are. */
function withoutFiles(object: ClusterObject): object {
  return object.kind === "ConfigMap" ? { ...object, data: Object.keys(object["data"] as object).sort() } : object;
}

describe("completeForCluster", () => {
  it.each(variants)("completes $name as committed", async (one) => {
    const text = `${objectsOf(one)
      .map((object) => JSON.stringify(JSON.parse(canonicalJson(withoutFiles(object))), null, 2))
      .join("\n")}\n`
      .replaceAll(/-[0-9a-f]{10}"/g, '-DIGEST"')
      .replaceAll(/"[0-9a-f]{64}"/g, '"DIGEST"');
    await expect(text).toMatchFileSnapshot(`expected/${one.name}.json`);
  });

  it.each(variants)("gives every object of $name its namespace, a name of its own and the digest of what it was made from", (one) => {
    const objects = objectsOf(one);
    expect(new Set(keysOf(objects)).size).toBe(objects.length);
    expect(objects.every(({ kind, metadata }) => kind === "Namespace" || metadata.namespace === "blog")).toBe(true);
    expect(JSON.stringify(objects)).not.toMatch(/stopSignal|opcache\.howdah\.dev/);
  });

  it.each(variants)("asks nothing of $name that Pod Security `restricted` refuses", (one) => {
    for (const { spec } of podsOf(one)) {
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 50_000, seccompProfile: { type: "RuntimeDefault" } });
      expect(spec.automountServiceAccountToken).toBe(false);
      for (const { securityContext, volumeMounts } of spec.containers) {
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, runAsNonRoot: true });
        expect(volumeMounts.map(({ name }) => name).filter((name) => !spec.volumes.some((volume) => volume.name === name))).toEqual([]);
      }
    }
  });

  it("asks the kubelet for a group only where a volume may be new, and never to walk through all files", () => {
    expect(podsOf(variant("together"))[0]?.spec.securityContext).toMatchObject({ fsGroup: 50_000, fsGroupChangePolicy: "OnRootMismatch" });
    expect(podsOf(variant("static"))[0]?.spec.securityContext).not.toHaveProperty("fsGroup");
  });

  it("requests what is limited, or the share of it that the cluster says, and never more CPU than the limit", () => {
    expect(containerOf(variant("together"), "php")?.resources).toMatchObject({
      limits: { memory: "536870912" },
      requests: { cpu: "10m", memory: "536870912" },
    });
    expect(containerOf(variant("workers"), "php")?.resources.requests).toMatchObject({ cpu: "500m", memory: "268435456" });
  });

  it("lets a start last as long as a rollout may, since it may install and migrate", () => {
    const { site } = variant("together");
    const probe = containerOf(variant("together"), "php")?.startupProbe;
    expect((probe?.failureThreshold ?? 0) * (probe?.periodSeconds ?? 0)).toBeGreaterThanOrEqual(site.rollout.timeoutSeconds);
  });

  it.each<[string, string, object]>([
    ["together", "web", { preStop: { sleep: { seconds: 15 } } }],
    ["together", "php", { preStop: { sleep: { seconds: 20 } } }],
    ["kubernetes-1.29", "web", { preStop: { httpGet: { path: "/-/drain", port: 8081 } } }],
    ["kubernetes-1.29", "php", { preStop: { exec: { command: ["/usr/bin/php", "-r", "sleep(20);"] } } }],
  ])("of %s stops %s after a wait", (name, container, lifecycle) => {
    expect(containerOf(variant(name), container)?.lifecycle).toEqual(lifecycle);
  });

  it.each(variants)("leaves the longest request of $name its time after that wait, which counts towards the grace", (one) => {
    const answering = podsOf(one).filter(({ spec }) => spec.containers.every(({ name }) => name !== "valkey"));
    for (const { spec } of answering) {
      const longest = one.site.runtime?.fpm.requestTimeoutSeconds ?? 0;
      const wait = JSON.stringify(spec).includes("sleep") ? PHP_WAIT_SECONDS : 0;
      expect(spec.terminationGracePeriodSeconds - wait).toBeGreaterThanOrEqual(longest + 5);
    }
  });

  it("lets the pods of Deployments go from a lost node after half a minute", () => {
    const [pod] = podsOf(variant("together"));
    expect(pod?.spec.tolerations?.map(({ key, tolerationSeconds }) => `${key} ${String(tolerationSeconds)}`)).toEqual([
      "node.kubernetes.io/not-ready 30",
      "node.kubernetes.io/unreachable 30",
    ]);
  });

  it("ends a worker by SIGTERM, whatever its image says", () => {
    expect(JSON.stringify(containerOf(variant("workers"), "worker")?.lifecycle)).toContain("SIGTERM");
  });

  it("keeps one pod serving through drains, but never blocks the drain of a single one", () => {
    expect(named(variant("apart"), "PodDisruptionBudget/php")?.["spec"]).toMatchObject({ maxUnavailable: 1 });
    expect(keysOf(objectsOf(variant("static"))).some((key) => key.startsWith("PodDisruptionBudget/"))).toBe(false);
  });

  it("opens web servers to the way in, PHP's port to web servers, and nothing else", () => {
    const ingress = objectsOf(variant("apart"))
      .filter(({ kind }) => kind === "NetworkPolicy")
      .flatMap(({ metadata, ...object }) => {
        const { ingress: rules = [] } = object["spec"] as {
          readonly ingress?: readonly { readonly ports: readonly { readonly port: number }[] }[];
        };
        return rules.map(({ ports }) => `${metadata.name} ${ports.map(({ port }) => port).join(",")}`);
      });
    expect(ingress.sort()).toEqual(["php-from-web 9000", "web-in 8080"]);
  });

  it("gives an autoscaler the figures of PHP that is apart: who counts reads them from each pod of it", () => {
    const php = podsOf(variant("growing-apart")).find(({ spec }) => spec.containers.some(({ name }) => name === "php"));
    expect(php).toMatchObject({ metadata: { annotations: { "prometheus.io/port": "8081", "prometheus.io/path": "/-/metrics" } } });
    expect(php?.spec.containers.map(({ name }) => name)).toEqual(["php", "status"]);
    expect(named(variant("growing-apart"), "HorizontalPodAutoscaler/php")?.["spec"]).toMatchObject({
      metrics: [{ pods: { metric: { name: "phpfpm_active_processes" } } }, { pods: { metric: { name: "phpfpm_listen_queue" } } }],
    });
    const ports = [{ protocol: "TCP", port: 8081 }];
    const from = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];
    expect(named(variant("growing-apart"), "NetworkPolicy/php-figures")?.["spec"]).toMatchObject({ ingress: [{ from, ports }] });
    expect(named(variant("apart"), "NetworkPolicy/php-figures")).toBeUndefined();
  });

  it("lets pods connect to the servers that the site names, by the narrowest rule there is", () => {
    const rules = JSON.stringify(named(variant("apart"), "NetworkPolicy/site-out")?.["spec"]);
    expect(rules).toContain(
      '{"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"howdah-system"}}}],"ports":[{"protocol":"TCP","port":3306}]}',
    );
    expect(rules).toContain('{"to":[{"ipBlock":{"cidr":"192.0.2.25/32"}}],"ports":[{"protocol":"TCP","port":25}]}');
    expect(rules).toContain('"ports":[{"protocol":"TCP","port":389}]');
  });

  it("lets PHP that is apart, and workers, connect before nginx is there: they wait for their database", () => {
    const rules = (key: string): unknown => (named(variant("apart"), key)?.["spec"] as { readonly egress?: unknown } | undefined)?.egress;
    expect(rules("NetworkPolicy/php-out")).toEqual(rules("NetworkPolicy/site-out"));
    expect(keysOf(objectsOf(variant("workers")))).toContain("NetworkPolicy/worker-queue-out");
  });

  it.each<[string, string]>([
    ["together", "HTTPRoute"],
    ["ingress", "Ingress"],
    ["static", ""],
    ["one-node", ""],
  ])("brings visitors of %s in by %j", (name, kind) => {
    const kinds = objectsOf(variant(name)).map((object) => object.kind);
    expect(kinds.filter((one) => one === "HTTPRoute" || one === "Ingress").join(",")).toBe(kind);
  });

  it("leads HTTP to HTTPS where the Gateway's listeners have names", () => {
    expect(JSON.stringify(named(variant("tls"), "HTTPRoute/web")?.["spec"])).toContain('"sectionName":"https"');
    expect(JSON.stringify(named(variant("tls"), "HTTPRoute/web-to-https")?.["spec"])).toContain('"scheme":"https"');
  });

  it("has a route for each 16 hostnames, which is what one takes", () => {
    const routes = objectsOf(variant("tls")).filter(({ kind }) => kind === "HTTPRoute");
    const counts = routes.map(
      ({ metadata, ...route }) => `${metadata.name} ${(route["spec"] as { readonly hostnames: readonly string[] }).hostnames.length}`,
    );
    expect(counts).toEqual(["web 16", "web-2 4", "web-to-https 16", "web-to-https-2 4"]);
  });

  it("writes values and words so that a kubelet expands nothing in them", () => {
    const text = JSON.stringify(objectsOf(variant("tls")));
    expect(text).toContain('"name":"PRICE","value":"5$$$$ or $$(HOME)"');
    expect(text).toContain('"php","tidy.php","$$(HOME)"');
  });

  it("makes a label of a person's words", () => {
    expect(named(variant("tls"), "Service/web")?.metadata.labels?.["app.kubernetes.io/name"]).toBe("Our-shop-new");
  });

  it("names what a companion is for, so that it can go with it", () => {
    expect(named(variant("apart"), "PodDisruptionBudget/web")?.metadata.labels?.[COMPANION_LABEL]).toBe("deployment.web");
    const kinds: readonly string[] = companionKinds.map(({ kind }) => kind);
    const labelled = variants.flatMap(objectsOf).filter(({ metadata }) => metadata.labels?.[COMPANION_LABEL] !== undefined);
    expect(labelled.every(({ kind }) => kinds.includes(kind))).toBe(true);
  });

  it("keeps every ConfigMap below what an API server takes, in as many as it needs", () => {
    const { site, settings } = variant("static");
    const locations = Array.from({ length: 250 }, (_, index) => ({ path: `/old-${index}`, headers: { "x-note": "n".repeat(3000) } }));
    const objects = renderSite({ ...site, web: { ...site.web, locations } }, clusterInput(site)).flatMap((object) =>
      completeForCluster(object, settings),
    );
    const maps = objects.filter(({ kind }) => kind === "ConfigMap");
    expect(maps.length).toBeGreaterThan(1);
    expect(maps.every((map) => JSON.stringify(map["data"]).length < 1024 ** 2)).toBe(true);
    const names = maps.map(({ metadata }) => metadata.name);
    const volumes = JSON.stringify(objects.find(({ kind }) => kind === "Deployment"));
    expect(volumes).toContain(JSON.stringify({ name: "nginx", projected: { sources: names.map((name) => ({ configMap: { name } })) } }));
  });

  it("refuses code that is a directory of one machine", () => {
    const { site, settings } = variant("static");
    const live = renderSite(site, { ...clusterInput(site), live: { php: null, web: "/var/lib/code" } });
    expect(() => live.flatMap((object) => completeForCluster(object, settings))).toThrow(HowdahError);
  });
});

describe("a site that grows", () => {
  it("is judged by PHP's workers and queue, between its least and its most", () => {
    const spec = named(variant("growing"), "HorizontalPodAutoscaler/web")?.["spec"];
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 10 });
    const names = JSON.stringify(spec).matchAll(/"metric":\{"name":"(\w+)"/g);
    expect([...names].map(([, name]) => name)).toEqual(["phpfpm_active_processes", "phpfpm_listen_queue"]);
  });

  it("leaves the number of pods to its autoscaler", () => {
    expect(named(variant("growing"), "Deployment/web")?.["spec"]).not.toHaveProperty("replicas");
    expect(named(variant("together"), "Deployment/web")?.["spec"]).toHaveProperty("replicas", 1);
  });

  it("is judged by CPU where there is no PHP", () => {
    expect(JSON.stringify(named(variant("growing-static"), "HorizontalPodAutoscaler/web"))).toContain('"name":"cpu"');
  });

  it("shows its figures to those who monitor, and to nobody else", () => {
    const ports = (name: string): string => JSON.stringify(named(variant(name), "NetworkPolicy/web-in"));
    expect(ports("growing")).toContain('"kubernetes.io/metadata.name":"monitoring"');
    expect(ports("together")).not.toContain("8081");
  });
});
