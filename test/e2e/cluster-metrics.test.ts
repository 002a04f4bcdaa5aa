import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX_IMAGE } from "../cluster/addons/busybox.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-metrics";
const skip = await whyNoCluster();

describe.skipIf(skip !== undefined)(`numbers of the test cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const kubectl = (...argv: readonly string[]) => cluster.kubectl(["--namespace", NAMESPACE, ...argv], { accept: "any" });

  beforeAll(async () => {
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s");
    await cluster.apply([busy, autoscaler]);
  });
  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
  });

  /** What a command says once it says what is looked for, at the latest after two minutes. */
  async function eventually(pattern: RegExp, ...argv: readonly string[]): Promise<string> {
    for (let tries = 0; ; tries += 1) {
      const { stdout, stderr } = await kubectl(...argv);
      if (pattern.test(stdout) || tries === 120) return stdout === "" ? stderr : stdout;
      await sleep(1000);
    }
  }

  it("kubectl top has CPU and memory of each pod and node", async () => {
    const pods = await eventually(/^busy-/m, "top", "pods");
    expect(pods).toMatch(/^busy-\S+ +\d+m +\d+Mi/m);
    const nodes = await eventually(/node-3/, "top", "nodes");
    for (const { name } of cluster.settings.nodes) expect(nodes).toMatch(new RegExp(`^${name} +\\d+m +\\d+% +\\d+Mi`, "m"));
  });

  it("a HorizontalPodAutoscaler adds a pod to one that has more to do than it asked for", async () => {
    const desired = ["get", "hpa", "busy", "--output=jsonpath={.status.desiredReplicas}"];
    expect(await eventually(/^2$/, ...desired)).toBe("2");
  });
});

const labels = { app: "busy" };

/** Never idle, and never more than 3 % of a core. */
const busy = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "busy", namespace: NAMESPACE },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "busy",
            image: BUSYBOX_IMAGE,
            imagePullPolicy: "Never",
            command: ["sh", "-c", "while :; do :; done"],
            resources: { requests: { cpu: "5m", memory: "8Mi" }, limits: { cpu: "30m", memory: "32Mi" } },
          },
        ],
      },
    },
  },
};

const autoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "busy", namespace: NAMESPACE },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "busy" },
    minReplicas: 1,
    maxReplicas: 2,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }],
  },
};
