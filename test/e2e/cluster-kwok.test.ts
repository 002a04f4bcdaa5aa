import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kwok, onPlayedNodes } from "../cluster/addons/kwok/addon.ts";
import { runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-kwok";
const PODS = 300;
const skip = await whyNoCluster();

describe.skipIf(skip !== undefined)(`played nodes of the test cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const kubectl = (...argv: readonly string[]) => cluster.kubectl(["--namespace", NAMESPACE, ...argv]);
  const played = async () =>
    (await cluster.kubectl(["get", "nodes", "--selector=type=kwok", "--output=name"])).stdout.split("\n").filter((node) => node !== "");
  let before: readonly string[] = [];

  beforeAll(async () => {
    before = await played();
    await kwok.build(cluster);
    await kwok.start(cluster);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, annotations: onPlayedNodes } }]);
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s");
  });
  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=300s"]);
    const ours = (await played()).filter((node) => !before.includes(node));
    if (ours.length > 0) await cluster.kubectl(["delete", ...ours]);
  });

  it("every pod of a namespace with the annotations is played, whatever made it", async () => {
    const { stdout } = await cluster.kubectl(["create", "--dry-run=server", "--output=json", "--filename=-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "one", namespace: NAMESPACE }, spec: podSpec }),
    });
    const { spec } = JSON.parse(stdout) as { spec: { nodeSelector: object; tolerations: readonly object[] } };
    expect(spec.nodeSelector).toEqual({ type: "kwok" });
    expect(spec.tolerations).toContainEqual({ key: "kwok.x-k8s.io/node", operator: "Exists", effect: "NoSchedule" });
  });

  it(`${String(PODS)} pods become ready, and cost no container`, async () => {
    const started = performance.now();
    await cluster.apply([deployment]);
    await kubectl("rollout", "status", "deployment/many", "--timeout=300s");
    console.log(`kwok: ${String(PODS)} pods ready after ${String(Math.round(performance.now() - started))} ms`);
    const { stdout } = await kubectl("get", "pods", "--output=jsonpath={range .items[*]}{.spec.nodeName} {.status.podIP}{'\\n'}{end}");
    const pods = stdout.trim().split("\n");
    expect(pods).toHaveLength(PODS);
    expect(pods.filter((pod) => !/^kwok-\d+ 10\.200\./.test(pod))).toEqual([]);
  });
});

const podSpec = { containers: [{ name: "web", image: "howdah.test/played:1", resources: { requests: { cpu: "10m", memory: "16Mi" } } }] };
const labels = { app: "many" };

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "many", namespace: NAMESPACE },
  spec: { replicas: PODS, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
};
