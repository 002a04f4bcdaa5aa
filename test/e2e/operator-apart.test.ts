import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { runningCluster } from "../support/test-cluster.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-apart.test.ts is skipped: ${why}\n`);

const NAME = "t-apart";
const ELSEWHERE = "t-apart-neighbour";
const HOST = "t-apart.howdah.test";
const FASTCGI = 9000;

/** Two of PHP, one of nginx. */
const siteFile = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${NAME}}
spec:
  runtime: {php: "8.4"}
  web: {root: public, microcache: false}
  topology: apart
  hostnames: [${HOST}]
  scale: {replicas: 2, memory: 128Mi, web: {replicas: 1}}
`;

const allowAll = {
  ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "allow-fastcgi", namespace: NAME } },
  spec: {
    podSelector: { matchLabels: { "app.kubernetes.io/component": "php" } },
    policyTypes: ["Ingress"],
    ingress: [{ ports: [{ protocol: "TCP", port: FASTCGI }] }],
  },
};

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("nginx and PHP apart on a cluster", () => {
  const cluster = runningCluster();
  let rig: OperatorRig;
  let code: string;

  const show = (words: string): Promise<void> =>
    writeFile(join(code, "public/index.php"), `<?php echo "${words} ", gethostname(), " ", PHP_SAPI;`);
  const deployment = (): readonly string[] => ["deploy", code, "--context", ".", "--to", `${rig.registry}/test/${NAME}`];
  const deploy = async (): Promise<void> => void (await rig.ok(...deployment()));
  const page = async (path = "/"): Promise<string> => {
    const { status, body } = await rig.get(HOST, path).catch(() => ({ status: 0, body: "" }));
    return status === 200 ? body : String(status);
  };
  const get = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, "get", ...argv);
  /** Pods of a component that are ready, as its Deployment counts them. */
  const ready = async (): Promise<string> =>
    (await get("deployment", "--output=jsonpath={range .items[*]}{.metadata.name}={.status.readyReplicas}/{.spec.replicas} {end}")).trim();

  /** Whether a program in a pod can connect to a port of a component of the site. */
  async function connects(from: string, component: string, port: number): Promise<boolean> {
    const ip = await get("pod", `--selector=app.kubernetes.io/component=${component}`, "--output=jsonpath={.items[0].status.podIP}");
    const argv = ["--namespace", from, "exec", "stranger", "--", "timeout", "4", "nc", "-w", "2", ip, String(port)];
    return (await cluster.kubectl(argv, { accept: "any", input: "" })).code === 0;
  }
  /** What each stranger reaches: of the own namespace, with the labels of the site and so its way out; and of another, without any policy. */
  const reached = (component: string, port: number): Promise<readonly boolean[]> =>
    Promise.all([NAME, ELSEWHERE].map((namespace) => connects(namespace, component, port)));

  beforeAll(async () => {
    rig = await operatorRig("apartc", 18_764);
    code = join(rig.directory, "apart");
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "public/style.css"), "body { color: navy }\n");
    await writeFile(join(code, "howdah.yaml"), siteFile);
    await show("one");
    await rig.operator();
    await rig.tenant(NAME);
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: ELSEWHERE } }]);
    await rig.kubectl("wait", "--for=create", "--timeout=60s", "serviceaccount/default", "--namespace", ELSEWHERE);
    const worker = { "app.kubernetes.io/component": "worker-queue", "howdah.dev/site": NAME, "howdah.dev/environment": "production" };
    await cluster.apply([stranger(NAME, worker), stranger(ELSEWHERE, {})]);
    await deploy();
  });
  afterAll(async () => {
    await rig?.kubectl("delete", "namespace", ELSEWHERE, "--ignore-not-found", "--wait=false");
    expect(await rig?.close()).toEqual([]);
  });

  it("is a page of PHP in one pod, and files of nginx in another, each as many as the file says", async () => {
    await expect.poll(() => page(), { timeout: 180_000 }).toMatch(/^one php-\S+ fpm-fcgi$/);
    expect(await page("/style.css")).toContain("navy");
    expect(await ready()).toBe("php=2/2 web=1/1");
  });

  it("lets nobody but the site's nginx connect to PHP, until a policy says so and after it is gone", async () => {
    for (const namespace of [NAME, ELSEWHERE])
      await rig.kubectl("wait", "--for=condition=Ready", "--timeout=120s", "pod/stranger", "--namespace", namespace);
    await expect.poll(() => reached("web", 8080), { timeout: 180_000 }).toEqual([true, false]);
    expect(await reached("php", FASTCGI)).toEqual([false, false]);
    await cluster.apply([allowAll]);
    await expect.poll(() => reached("php", FASTCGI), { timeout: 180_000 }).toEqual([true, true]);
    await rig.kubectl("delete", "networkpolicy", "allow-fastcgi", "--namespace", NAME);
    await expect.poll(() => reached("php", FASTCGI), { timeout: 180_000 }).toEqual([false, false]);
  });

  it("takes a rule out again that somebody writes into the policy which closes the namespace", async () => {
    const patch = ["patch", "networkpolicy", "default-deny", "--type=merge", "--patch", '{"spec":{"ingress":[{}]}}'];
    await rig.kubectl("--namespace", NAME, ...patch);
    const rules = (): Promise<string> => get("networkpolicy", "default-deny", "--output=jsonpath={.spec.ingress}");
    await expect.poll(rules, { timeout: 180_000 }).toBe("");
  });

  /** What visitors see while something is done, each once. */
  async function seenDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
    const seen = new Set<string>();
    const working = { over: false };
    const visits = (async (): Promise<void> => {
      while (!working.over) seen.add((await page()).replace(/ php-.*/, ""));
    })();
    await work().finally(() => (working.over = true));
    await visits;
    return [...seen];
  }

  it("shows FPM's figures in each pod of PHP, for who counts", async () => {
    const ask = '$figures = file_get_contents("http://127.0.0.1:8081/-/metrics"); echo $figures;';
    const argv = ["--namespace", NAME, "exec", "deployment/php", "--container", "php", "--", "/usr/bin/php", "-r", ask];
    expect(await rig.kubectl(...argv)).toMatch(/^phpfpm_active_processes(?:\{.*\})? \d+$/m);
  });

  it("refuses a release whose PHP answers 500: no pod of PHP or nginx is replaced, and no visitor meets it", async () => {
    const generations = (): Promise<string> => get("deployment", "--output=jsonpath={.items[*].metadata.generation}");
    const before = await generations();
    await writeFile(join(code, "public/index.php"), '<?php http_response_code(500); echo "broken";');
    const said: { code: number; stderr: string }[] = [];
    expect(await seenDuring(async () => said.push(await rig.howdah(...deployment())))).toEqual(["one"]);
    expect(said[0]?.code).not.toBe(0);
    expect(said[0]?.stderr).toContain("is not healthy: it answered 500: broken");
    expect(await generations()).toBe(before);
  });

  it("takes a new release to both, without a failed request", async () => {
    await show("two");
    expect((await seenDuring(deploy)).filter((seen) => !["one", "two"].includes(seen))).toEqual([]);
    await expect
      .poll(async () => [await page(), await page(), await page()].filter((one) => !one.startsWith("two ")), { timeout: 180_000 })
      .toEqual([]);
  });

  it("scales PHP by the Environment, and leaves nginx as it is", async () => {
    await rig.kubectl("scale", "environment", "production", "--replicas=3", "--namespace", NAME);
    await expect.poll(ready, { timeout: 180_000 }).toBe("php=3/3 web=1/1");
  });
});

/** A pod that does nothing, of Pod Security's strictest kind. */
function stranger(namespace: string, labels: Readonly<Record<string, string>>): object {
  const securityContext = { runAsNonRoot: true, runAsUser: 50_000, seccompProfile: { type: "RuntimeDefault" } };
  const sealed = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "stranger", namespace, labels } },
    spec: {
      ...{ terminationGracePeriodSeconds: 0, securityContext, automountServiceAccountToken: false },
      containers: [
        { name: "main", image: BUSYBOX_IMAGE, imagePullPolicy: "IfNotPresent", command: ["sleep", "100000"], securityContext: sealed },
      ],
    },
  };
}
