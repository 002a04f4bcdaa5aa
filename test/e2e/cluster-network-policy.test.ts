import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-network-policy";
/** Asks $1 for a page: debian's static busybox has no wget that works. */
const ASK = `printf 'GET /passwd HTTP/1.0\\r\\n\\r\\n' | nc -w 2 "$1" 8080 | grep -q root`;
const skip = await whyNoCluster();

// What the documentation of Kubernetes says of NetworkPolicies, with real pods: the pure part has its own tests beside it.
describe.skipIf(skip !== undefined)(`NetworkPolicies of the test cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const kubectl = (argv: readonly string[], options?: Parameters<typeof cluster.kubectl>[1]) =>
    cluster.kubectl(["--namespace", NAMESPACE, ...argv], options);

  beforeAll(async () => {
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await kubectl(["wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
    await cluster.apply([
      pod("server", "node-1", ["httpd", "-f", "-p", "8080", "-h", "/etc"]),
      service("server"),
      pod("friend", "node-1", ["sleep", "100000"]),
      pod("stranger", "node-2", ["sleep", "100000"]),
    ]);
    await kubectl(["wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s"]);
  });
  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
  });

  /** Whether a page of the server's comes, by its own address or by its service's. */
  async function reaches(from: string, to: "pod" | "service"): Promise<boolean> {
    const path = to === "pod" ? "{.status.podIP}" : "{.spec.clusterIP}";
    const { stdout: address } = await kubectl(["get", to, "server", `--output=jsonpath=${path}`]);
    const asked = await kubectl(["exec", from, "--", "sh", "-c", ASK, "ask", address], { accept: "any" });
    return asked.code === 0;
  }

  /** Rules follow an instant after the policy: asks until all is as it must be, and says what isn't. */
  async function becomes(wanted: Readonly<Record<string, boolean>>): Promise<void> {
    const look = async () => {
      const entries = Object.keys(wanted).map(async (way) => {
        const [from = "", to] = way.split(" -> ");
        return [way, await reaches(from, to as "pod" | "service")] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    };
    for (let tries = 0; tries < 20 && JSON.stringify(await look()) !== JSON.stringify(wanted); tries += 1) await sleep(500);
    expect(await look()).toEqual(wanted);
  }

  const everybody = (passes: boolean): Record<string, boolean> => ({
    "friend -> pod": passes,
    "friend -> service": passes,
    "stranger -> pod": passes,
    "stranger -> service": passes,
  });

  it("a probe that a policy denies is denied, on the same node and from another, and passes when the policy goes", async () => {
    await becomes(everybody(true));
    await cluster.apply([policy("default-deny", { podSelector: {}, policyTypes: ["Ingress"] })]);
    await becomes(everybody(false));
    await kubectl(["delete", "networkpolicy", "default-deny"]);
    await becomes(everybody(true));
  });

  it("policies add up: one lets in those whom it names, on the port that it names", async () => {
    const ports = [{ port: "http" }];
    await cluster.apply([
      policy("default-deny", { podSelector: {}, policyTypes: ["Ingress"] }),
      policy("friends", { podSelector: only("server"), ingress: [{ from: [{ podSelector: only("friend") }], ports }] }),
    ]);
    await becomes({ ...everybody(false), "friend -> pod": true, "friend -> service": true });
    await kubectl(["delete", "networkpolicy", "--all"]);
  });

  it("a pod that may send nothing reaches nobody, and its answers go out all the same", async () => {
    await cluster.apply([
      policy("silent", { podSelector: only("friend"), policyTypes: ["Egress"] }),
      policy("answers", { podSelector: only("server"), policyTypes: ["Egress"] }),
    ]);
    await becomes({ ...everybody(true), "friend -> pod": false, "friend -> service": false });
    await kubectl(["delete", "networkpolicy", "--all"]);
  });

  it("a pod is isolated before its first container starts, and the kubelet's probes reach it", async () => {
    const { stdout: server } = await kubectl(["get", "pod", "server", "--output=jsonpath={.status.podIP}"]);
    await cluster.apply([policy("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] })]);
    await becomes(everybody(false));
    const attempts = `for i in 1 2 3 4 5 6; do ${ASK} && echo reached; done; httpd -f -p 8080 -h /etc`;
    await cluster.apply([
      pod("newcomer", "node-2", ["sh", "-c", attempts, "ask", server], { httpGet: { path: "/passwd", port: 8080 }, failureThreshold: 60 }),
    ]);
    await kubectl(["wait", "--for=condition=Ready", "pod", "newcomer", "--timeout=120s"]);
    expect((await kubectl(["logs", "newcomer"])).stdout).toBe("nc: timed out\n".repeat(6));
    await kubectl(["delete", "networkpolicy", "--all"]);
  });
});

const only = (app: string): object => ({ matchLabels: { app } });

function policy(name: string, spec: object): object {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace: NAMESPACE }, spec };
}

function service(app: string): object {
  const spec = { selector: { app }, ports: [{ port: 8080, targetPort: "http" }] };
  return { apiVersion: "v1", kind: "Service", metadata: { name: app, namespace: NAMESPACE }, spec };
}

function pod(app: string, nodeName: string, command: readonly string[], readinessProbe?: object): object {
  const container = { name: app, image: BUSYBOX_IMAGE, imagePullPolicy: "Never", command, ports: [{ name: "http", containerPort: 8080 }] };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: app, namespace: NAMESPACE, labels: { app } },
    spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [{ ...container, ...(readinessProbe && { readinessProbe }) }] },
  };
}
