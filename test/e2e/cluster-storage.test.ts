import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COPIES_CLASS, STORAGE_CLASS, STORAGE_NAMESPACE } from "../../src/resources/install/storage-objects.ts";
import { BUSYBOX_IMAGE } from "../cluster/addons/busybox.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-storage";
const VOLUMES = "/var/lib/howdah-csi/storage/mount/volumes";
const DEADLINE_MS = 180_000;
const COPIES = ["copy-1", "copy-2", "copy-3"];
const skip = await whyNoCluster();

// The driver as it is installed, Kubernetes' own sidecars, real pods on real volumes.
describe.skipIf(skip !== undefined)(`our own storage on a cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const kubectl = async (...argv: readonly string[]): Promise<string> =>
    (await cluster.kubectl(["--namespace", NAMESPACE, ...argv], { timeoutMs: DEADLINE_MS })).stdout.trim();
  const phases = (...claims: readonly string[]) => kubectl("get", "pvc", ...claims, "--output=jsonpath={..phase}");
  const inPod = (pod: string, ...argv: readonly string[]) => kubectl("exec", pod, "--", ...argv);
  const ready = (pod: string) => kubectl("wait", "--for=condition=Ready", `pod/${pod}`, "--timeout=170s");
  const volumeOf = async (claim: string): Promise<{ readonly name: string; readonly node: string; readonly handle: string }> => {
    const name = await kubectl("get", "pvc", claim, "--output=jsonpath={.spec.volumeName}");
    const { spec } = JSON.parse(await kubectl("get", "pv", name, "--output=json")) as PersistentVolume;
    const [wanted] = spec.nodeAffinity.required.nodeSelectorTerms.flatMap(({ matchExpressions }) => matchExpressions);
    return { name, handle: spec.csi.volumeHandle, node: wanted?.values.join(",") ?? "" };
  };
  let node = "";

  beforeAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await cluster.apply([claim("source", STORAGE_CLASS), pod("source", ["source"])]);
    await ready("source");
    await inPod("source", "sh", "-c", "echo then >/source/file");
    node = await kubectl("get", "pod", "source", "--output=jsonpath={.spec.nodeName}");
  }, DEADLINE_MS);

  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
  }, DEADLINE_MS);

  it("says on which node a volume is", async () => {
    expect((await volumeOf("source")).node).toBe(node);
  });

  it("copies a volume by a snapshot, on its node, and neither sees what the other writes", async () => {
    await cluster.apply([snapshotOf("source")]);
    await kubectl("wait", "--for=jsonpath={.status.readyToUse}=true", "volumesnapshot/of-source", "--timeout=170s");
    await inPod("source", "sh", "-c", "echo later >/source/file");
    await cluster.apply([claim("copy", COPIES_CLASS, "of-source"), pod("copy", ["copy"])]);
    await ready("copy");
    expect(await inPod("copy", "cat", "/copy/file")).toBe("then");
    await inPod("copy", "sh", "-c", "echo mine >/copy/file");
    expect(await inPod("source", "cat", "/source/file")).toBe("later");
    expect((await volumeOf("copy")).node).toBe(node);
    expect(await kubectl("get", "pod", "copy", "--output=jsonpath={.spec.nodeName}")).toBe(node);
  });

  it("makes every copy that was asked for while the driver was killed, and leaves none behind when they go", async () => {
    const before = await stored();
    await cluster.apply(COPIES.map((name) => claim(name, COPIES_CLASS, "of-source")));
    await killDriver();
    await expect.poll(() => phases(...COPIES), { timeout: DEADLINE_MS, interval: 500 }).toBe(COPIES.map(() => "Bound").join(" "));
    await cluster.apply([pod("copies", COPIES)]);
    await ready("copies");
    expect(await inPod("copies", "cat", ...COPIES.map((name) => `/${name}/file`))).toBe(COPIES.map(() => "then").join("\n"));
    const handles = await Promise.all(COPIES.map(async (name) => (await volumeOf(name)).handle));
    expect(await stored()).toEqual([...before, ...handles].toSorted());
    await kubectl("delete", "pod", "copies", "--grace-period=1");
    await kubectl("delete", "pvc", ...COPIES);
    await expect.poll(stored, { timeout: DEADLINE_MS, interval: 500 }).toEqual(before);
    expect(await inPod("source", "cat", "/source/file")).toBe("later");
  });

  /** What is on the disks of all nodes. */
  async function stored(): Promise<readonly string[]> {
    const found = await Promise.all(cluster.settings.nodes.map(({ name }) => cluster.enter(name, ["ls", VOLUMES])));
    return found.flatMap(({ stdout }) => stdout.split("\n").filter((id) => id !== "")).toSorted();
  }

  /** kill -9 of the driver on the source's node; Kubernetes starts it again. */
  async function killDriver(): Promise<void> {
    const select = ["--selector=app.kubernetes.io/name=howdah-csi", `--field-selector=spec.nodeName=${node}`];
    const path =
      '{.items[0].status.containerStatuses[?(@.name=="driver")].state.running.startedAt}{" "}{.items[0].status.containerStatuses[?(@.name=="driver")].containerID}';
    const id = async (): Promise<string> => {
      const said = await cluster.kubectl(["get", "pods", "--namespace", STORAGE_NAMESPACE, ...select, `--output=jsonpath=${path}`]);
      const [started = "", container = ""] = said.stdout.split(" ");
      return started === "" ? "" : container.replace("containerd://", "");
    };
    await expect.poll(id, { timeout: DEADLINE_MS, interval: 300 }).not.toBe("");
    const ctr = ["ctr", "--address", "/run/containerd/containerd.sock", "--namespace", "k8s.io"];
    await cluster.enter(node, [...ctr, "tasks", "kill", "--signal", "SIGKILL", await id()], { accept: "any" });
  }
});

interface PersistentVolume {
  readonly spec: {
    readonly csi: { readonly volumeHandle: string };
    readonly nodeAffinity: {
      readonly required: {
        readonly nodeSelectorTerms: readonly { readonly matchExpressions: readonly { readonly values: readonly string[] }[] }[];
      };
    };
  };
}

function claim(name: string, storageClassName: string, snapshot?: string): object {
  const dataSource = { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot };
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      storageClassName,
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "64Mi" } },
      ...(snapshot === undefined ? {} : { dataSource }),
    },
  };
}

function snapshotOf(source: string): object {
  return {
    apiVersion: "snapshot.storage.k8s.io/v1",
    kind: "VolumeSnapshot",
    metadata: { name: `of-${source}`, namespace: NAMESPACE },
    spec: { volumeSnapshotClassName: STORAGE_CLASS, source: { persistentVolumeClaimName: source } },
  };
}

/** A pod that does nothing, with each claim at a directory of its name. */
function pod(name: string, claims: readonly string[]): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...{ name: "files", image: BUSYBOX_IMAGE, imagePullPolicy: "Never", command: ["sleep", "3600"] },
          volumeMounts: claims.map((one) => ({ name: one, mountPath: `/${one}` })),
        },
      ],
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    },
  };
}
