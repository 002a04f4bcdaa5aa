import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX_IMAGE } from "../cluster/addons/busybox.ts";
import { gluster, VOLUME } from "../cluster/addons/shared-files/gluster-volume.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-shared-files";
const skip = await whyNoCluster();

describe.skipIf(skip !== undefined)(`the StorageClass howdah-rwx of the test cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const kubectl = (...argv: readonly string[]) => cluster.kubectl(["--namespace", NAMESPACE, ...argv]);
  const inPod = async (pod: string, script: string): Promise<string> => (await kubectl("exec", pod, "--", "sh", "-c", script)).stdout;

  beforeAll(async () => {
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s");
    await cluster.apply([claim, pod("one", "node-1"), pod("three", "node-3")]);
    await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=180s");
  });
  afterAll(async () => {
    await gluster(cluster, "node-2", ["volume", "start", VOLUME, "force"]);
    await removeNamespaces(cluster, NAMESPACE);
  });

  it("a file written on node 1 is read on node 3 as soon as it is closed, with owner, mode and time", async () => {
    await inPod(
      "one",
      "echo hello > /files/a && chmod 640 /files/a && chown 50000:50000 /files/a && touch -d '2020-02-02 02:02:02' /files/a",
    );
    expect(await inPod("three", "cat /files/a && stat -c '%u:%g %a %Y' /files/a")).toBe("hello\n50000:50000 640 1580608922\n");
  });

  it("is a distributed file system of its own on each node, not a directory of the node's", async () => {
    expect(await inPod("three", "stat -f -c %T /files")).toMatch(/^(fuseblk|fuse|UNKNOWN|0x65735546)/);
    expect((await kubectl("get", "pvc", "files", "--output=jsonpath={.status.accessModes}")).stdout).toBe('["ReadWriteMany"]');
  });

  it("locks hold across nodes: no turn is lost when two nodes count in one file", async () => {
    const { stdout: volume } = await kubectl("get", "pvc", "files", "--output=jsonpath={.spec.volumeName}");
    const { stdout: path } = await kubectl("get", "pv", volume, "--output=jsonpath={.spec.hostPath.path}");
    // From the nodes, through the mount that pods get: busybox has no flock.
    const count = `cd "$1"; for i in $(seq 50); do flock lock sh -c 'read n < n; echo $((n + 1)) > n'; done`;
    await inPod("one", "echo 0 > /files/n");
    await Promise.all(["node-1", "node-3"].map((node) => cluster.enter(node, ["sh", "-c", count, "count", path])));
    expect(await inPod("one", "cat /files/n")).toBe("100\n");
  });

  it("is read and written while a copy is lost, and the copy is made whole when it comes back", async () => {
    await killBrick("node-2");
    expect((await gluster(cluster, "node-1", ["volume", "status", VOLUME])).stdout).toMatch(/10\.\d+\.\d+\.12:\S+ +N\/A +N\/A +N/);
    await inPod("one", "for i in $(seq 20); do echo $i > /files/while-lost-$i; done");
    expect(await inPod("three", "cat /files/a /files/while-lost-* | wc -l")).toBe("21\n");
    await gluster(cluster, "node-2", ["volume", "start", VOLUME, "force"]);
    expect(await unhealed()).toBe(0);
  });

  async function killBrick(node: string): Promise<void> {
    const address = cluster.settings.nodes.find(({ name }) => name === node)?.address ?? "";
    // Its own number, as seen inside the machine.
    const { stdout } = await cluster.enter(node, ["pgrep", "-f", `glusterfsd.*${address}`]);
    await cluster.enter(node, ["kill", "-KILL", ...stdout.trim().split("\n")]);
  }

  /** Files whose copies still differ, after up to a minute of healing. */
  async function unhealed(): Promise<number> {
    for (let tries = 0; ; tries += 1) {
      const { stdout } = await gluster(cluster, "node-1", ["volume", "heal", VOLUME, "info"]);
      const counts = [...stdout.matchAll(/Number of entries: (\d+|-)/g)].map(([, count]) => Number(count));
      const left = counts.length === 3 ? counts.reduce((sum, count) => sum + count, 0) : Number.NaN;
      if (left === 0 || tries === 60) return left;
      if (tries % 10 === 0) await gluster(cluster, "node-1", ["volume", "heal", VOLUME]);
      await sleep(1000);
    }
  }
});

const claim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "files", namespace: NAMESPACE },
  spec: { accessModes: ["ReadWriteMany"], storageClassName: "howdah-rwx", resources: { requests: { storage: "1Gi" } } },
};

function pod(name: string, nodeName: string): object {
  const volumeMounts = [{ name: "files", mountPath: "/files" }];
  const container = { name, image: BUSYBOX_IMAGE, imagePullPolicy: "Never", command: ["sleep", "100000"], volumeMounts };
  const volumes = [{ name: "files", persistentVolumeClaim: { claimName: "files" } }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE },
    spec: { nodeSelector: { "kubernetes.io/hostname": nodeName }, terminationGracePeriodSeconds: 0, containers: [container], volumes },
  };
}
