import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { REGISTRY_PASSWORD, REGISTRY_USER } from "../cluster/addons/registry.ts";
import { cutMachine, cutPower, drainNode, healMachine } from "../cluster/faults.ts";
import { keyPair } from "../cluster/pki.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-cluster";
const FOLLOWS = { timeout: 240_000, interval: 500 };
const skip = await whyNoCluster();

// What every test on the cluster relies on: that it is a cluster, and that its nodes can be taken away and come back.
describe.skipIf(skip !== undefined)(`the test cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const { settings } = cluster;
  const privateImage = `${settings.registryHost}/e2e/busybox:1`;
  const kubectl = (argv: readonly string[], options?: Parameters<typeof cluster.kubectl>[1]) =>
    cluster.kubectl(["--namespace", NAMESPACE, ...argv], options);
  const get = async (what: readonly string[], path: string): Promise<string> =>
    (await kubectl(["get", ...what, `--output=jsonpath=${path}`])).stdout;
  const inside = async (pod: string, script: string): Promise<string> => (await kubectl(["exec", pod, "--", "sh", "-c", script])).stdout;
  const stateOf = async (node: string): Promise<string> => {
    const { stdout } = await cluster.kubectl(["get", "node", node, "--no-headers"]);
    return stdout.split(/\s+/)[1] ?? "";
  };

  beforeAll(async () => {
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    await removeNamespaces(cluster, NAMESPACE);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await kubectl(["wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
    await cluster.apply([
      pod("client", { args: ["-c", "echo hello from the pod; sleep 100000"] }),
      pod("server", { args: ["-c", "httpd -f -p 8080 -h /etc"], labels: { app: "server" } }),
      service("server"),
    ]);
    await kubectl(["wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s"]);
  });
  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
  });

  it("has three nodes that are Ready, each in its own zone with its own pod addresses", async () => {
    const { stdout } = await cluster.kubectl(["get", "nodes", "--output=json"]);
    const nodes = (JSON.parse(stdout) as { items: readonly NodeObject[] }).items.filter(({ metadata }) =>
      metadata.name.startsWith("node-"),
    );
    const ready = nodes.map(({ status }) => status.conditions.find(({ type }) => type === "Ready")?.status);
    expect(ready).toEqual(["True", "True", "True"]);
    const places = nodes.map(({ metadata, spec }) => `${metadata.labels["topology.kubernetes.io/zone"] ?? ""} ${spec.podCIDR}`);
    expect(places).toEqual(settings.nodes.map(({ zone, pods }) => `${zone} ${pods}`));
  });

  it("shows a pod's log and runs a program in it", async () => {
    expect((await kubectl(["logs", "client"])).stdout).toBe("hello from the pod\n");
    expect(await inside("client", "hostname")).toBe("client\n");
  });

  it("resolves the name of a service to its address, and answers that a foreign name does not exist", async () => {
    const address = await get(["service", "server"], "{.spec.clusterIP}");
    expect(await inside("client", `nslookup server.${NAMESPACE}.svc.cluster.local`)).toContain(`Address: ${address}`);
    expect(await inside("client", "nslookup www.example.org. || true")).toContain("NXDOMAIN");
  });

  it("reaches a service by its name from a pod, and by a port of every node from the host", async () => {
    expect(await inside("client", "wget -q -O- http://server/passwd")).toContain("root:x:0:0");
    const port = await get(["service", "server"], "{.spec.ports[0].nodePort}");
    for (const { address } of settings.nodes)
      expect((await run(["curl", ...curl, `http://${address}:${port}/passwd`])).stdout).toContain("root");
  });

  it("keeps images in a registry that asks for a password, and pods pull from it with a pull secret only", async () => {
    const asked = ["--cacert", keyPair(settings, "ca").cert, "--write-out", "%{http_code}", "--output", "/dev/null"];
    const anonymous = await run(["curl", "--silent", ...asked, `https://${settings.registryHost}/v2/_catalog`]);
    expect(anonymous.stdout).toBe("401");
    const archive = await cluster.image(await busyboxRecipe());
    const access = ["--dest-creds", `${REGISTRY_USER}:${REGISTRY_PASSWORD}`, "--dest-cert-dir", certificates()];
    await run(["skopeo", "copy", ...access, `oci-archive:${archive}`, `docker://${privateImage}`]);
    await kubectl(["create", "secret", "docker-registry", "pull", ...login()]);
    const fresh = { image: privateImage, imagePullPolicy: "Always", args: ["-c", "sleep 100000"] };
    await cluster.apply([pod("denied", fresh), pod("pulled", { ...fresh, imagePullSecrets: [{ name: "pull" }] })]);
    await kubectl(["wait", "--for=condition=Ready", "pod/pulled", "--timeout=120s"]);
    const waiting = "{.status.containerStatuses[0].state.waiting.reason}";
    await expect.poll(() => get(["pod", "denied"], waiting), FOLLOWS).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
  });

  it("gives a claim without a class a volume, which outlives the pod", async () => {
    await cluster.apply([claim, pod("writer", { args: ["-c", "echo kept > /data/file; sleep 100000"], claim: "data", node: "node-3" })]);
    await kubectl(["wait", "--for=condition=Ready", "pod/writer", "--timeout=120s"]);
    await kubectl(["delete", "pod", "writer", "--grace-period=0", "--force"]);
    await cluster.apply([pod("reader", { args: ["-c", "sleep 100000"], claim: "data" })]);
    await kubectl(["wait", "--for=condition=Ready", "pod/reader", "--timeout=120s"]);
    expect(await inside("reader", "cat /data/file")).toBe("kept\n");
  });

  it("loses a node that is cut off, whose pods go on, and has it back when it is healed", async () => {
    const before = await get(["pod", "reader"], "{.status.containerStatuses[0].containerID}");
    await cutMachine(cluster, "node-3");
    await expect.poll(() => stateOf("node-3"), FOLLOWS).toBe("NotReady");
    await healMachine(cluster, "node-3");
    expect(await stateOf("node-3")).toBe("Ready");
    expect(await get(["pod", "reader"], "{.status.containerStatuses[0].containerID}")).toBe(before);
  });

  it("loses a node whose power is cut, and has it back with its volumes", async () => {
    await cutPower(cluster, "node-3");
    await expect.poll(() => stateOf("node-3"), FOLLOWS).toBe("NotReady");
    await healMachine(cluster, "node-3");
    expect(await stateOf("node-3")).toBe("Ready");
    await expect.poll(() => inside("reader", "cat /data/file").catch(() => ""), FOLLOWS).toBe("kept\n");
  });

  it("empties a node in an orderly way, and lets pods come again", async () => {
    await drainNode(cluster, "node-3");
    expect(await stateOf("node-3")).toBe("Ready,SchedulingDisabled");
    const left = await cluster.kubectl(["get", "pods", "--namespace", NAMESPACE, "--field-selector=spec.nodeName=node-3", "--output=name"]);
    expect(left.stdout).toBe("");
    await healMachine(cluster, "node-3");
    expect(await stateOf("node-3")).toBe("Ready");
  });

  function certificates(): string {
    return `${settings.directory}/registry/certs.d/${settings.registryHost}`;
  }

  function login(): readonly string[] {
    return [`--docker-server=${settings.registryHost}`, `--docker-username=${REGISTRY_USER}`, `--docker-password=${REGISTRY_PASSWORD}`];
  }
});

const curl = ["--silent", "--fail", "--max-time", "10"];

interface NodeObject {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly podCIDR: string };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

interface PodOptions {
  readonly args: readonly string[];
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly claim?: string;
  /** Where it must run: by selector, so that the scheduler binds its claim there. */
  readonly node?: string;
}

function pod(name: string, options: PodOptions): object {
  const { args, image = BUSYBOX_IMAGE, imagePullPolicy = "Never", imagePullSecrets = [], labels = {}, claim, node } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      imagePullSecrets,
      ...(node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } }),
      containers: [
        {
          name: "main",
          image,
          imagePullPolicy,
          args,
          ...(claim === undefined ? {} : { volumeMounts: [{ name: "data", mountPath: "/data" }] }),
        },
      ],
      ...(claim === undefined ? {} : { volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }] }),
    },
  };
}

function service(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: NAMESPACE },
    spec: { type: "NodePort", selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  };
}

const claim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: NAMESPACE },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
};
