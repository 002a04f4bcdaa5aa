import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { clusterEnvironment } from "../cluster/environment.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { type Answer, httpAnswer } from "../support/http-answer.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-manifests";
const HOST = "manifests.howdah.test";
const skip = (await whyNoMachine()) ?? (await whyNoCluster());

const siteFile = (registry: string, topology: string): string => `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: plain}
spec:
  runtime: {php: "8.4"}
  web: {microcache: false}
  topology: ${topology}
  mounts: {files: {}}
  scale: {replicas: 2}
  hostnames: [${HOST}]
  image: {repository: "${registry}/e2e/plain"}
  crons: {tick: {schedule: "* * * * *", command: "php tick.php"}}
`;

/** Counts a session's visits, and says who answered. */
const PAGE = '<?php session_start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"], " ", gethostname();';

describe.skipIf(skip !== undefined)(`\`howdah manifests\` on a real cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const known = clusterEnvironment(cluster.settings);
  const address = cluster.settings.nodes[0]?.address ?? "";
  const kubectl = (...argv: readonly string[]) => cluster.kubectl(["--namespace", NAMESPACE, ...argv]);
  let machine: HowdahMachine;
  let site: string;

  beforeAll(async () => {
    machine = await howdahMachine("plain", 18_861, {
      REGISTRY_AUTH_FILE: known["HOWDAH_CLUSTER_REGISTRY_AUTH"] ?? "",
      SSL_CERT_FILE: known["HOWDAH_CLUSTER_CA"] ?? "",
    });
    site = join(machine.directory, "plain");
    await mkdir(site);
    await writeFile(join(site, "index.php"), PAGE);
    await writeFile(join(site, "tick.php"), '<?php echo "tick";');
    await writeFile(join(site, "howdah.yaml"), siteFile(cluster.settings.registryHost, "together"));
    await machine.ok("build", site, "--push", "--tag", "e2e");
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    await apply("together");
    const auth = await readFile(known["HOWDAH_CLUSTER_REGISTRY_AUTH"] ?? "", "utf8");
    await cluster.apply([
      {
        ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/dockerconfigjson" },
        ...{ metadata: { name: "registry", namespace: NAMESPACE }, stringData: { ".dockerconfigjson": auth } },
      },
      stranger(),
    ]);
    await ready("deployment/web");
  });
  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE, `${NAMESPACE}-2`);
    expect(await machine.remove()).toEqual([]);
  });

  const stranger = (): object => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "stranger", namespace: `${NAMESPACE}-2` } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: BUSYBOX_IMAGE, imagePullPolicy: "IfNotPresent", command: ["sleep", "100000"] }],
    },
  });
  const ready = (workload: string) => kubectl("rollout", "status", workload, "--timeout=180s");

  async function apply(topology: string): Promise<void> {
    await writeFile(join(site, "howdah.yaml"), siteFile(cluster.settings.registryHost, topology));
    const { stdout } = await machine.ok(
      ...["manifests", site, "--tag", "e2e", "--namespace", NAMESPACE, "--gateway", "gateway/howdah", "--http-listener", "http"],
      ...["--read-write-once", "--pull-secret", "registry", "--name-server", cluster.settings.dnsService],
    );
    await cluster.kubectl(["apply", "--server-side", "--validate=strict", "--filename=-"], { input: stdout });
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: `${NAMESPACE}-2` } }]);
    await cluster.kubectl(["--namespace", `${NAMESPACE}-2`, "wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
  }

  /** Whether a pod of another namespace can connect to a port of a component's pod. */
  async function connects(component: string, port: number): Promise<boolean> {
    const select = `app.kubernetes.io/component=${component}`;
    const { stdout: ip } = await kubectl("get", "pod", "--selector", select, "--output=jsonpath={.items[0].status.podIP}");
    const argv = ["--namespace", `${NAMESPACE}-2`, "exec", "stranger", "--", "timeout", "4", "nc", "-w", "3", ip, String(port)];
    return (await cluster.kubectl(argv, { accept: "any", input: "" })).code === 0;
  }

  it("serves through the Gateway, with sessions that all pods share and a rollout does not end", async () => {
    const first = await settled();
    const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    const seen = new Set<string>();
    const failed: string[] = [];
    let visits = 1;
    const rollout = kubectl("rollout", "restart", "deployment/web").then(() => ready("deployment/web"));
    const state = { rolled: false };
    void rollout.then(() => (state.rolled = true));
    while (!state.rolled || visits < 60) {
      const { status, body } = await ask(cookie);
      visits += 1;
      const [count, pod = ""] = body.split(" ");
      if (status !== 200 || Number(count) !== visits) failed.push(`${status} ${body}`);
      seen.add(pod);
      await sleep(50);
    }
    await rollout;
    expect(failed).toEqual([]);
    expect(seen.size).toBeGreaterThanOrEqual(2);
  });

  it("lets nobody but the way in connect to nginx, until the policies go", async () => {
    await cluster.kubectl(["--namespace", `${NAMESPACE}-2`, "wait", "--for=condition=Ready", "pod/stranger", "--timeout=60s"]);
    expect([await connects("web", 8080), await connects("web", 8081)]).toEqual([false, false]);
  });

  it("runs crons as pods of their own", async () => {
    await kubectl("create", "job", "now", "--from=cronjob/cron-tick");
    await kubectl("wait", "--for=condition=Complete", "job/now", "--timeout=120s");
    expect((await kubectl("logs", "job/now")).stdout).toContain("tick");
  });

  it("scales PHP apart, on a port that only the site's nginx reaches: without policies anybody would", async () => {
    await kubectl("delete", "cronjob,deployment,pod", "--all", "--wait=true", "--timeout=120s");
    await apply("apart");
    await ready("deployment/php");
    await ready("deployment/web");
    expect((await settled()).body).toMatch(/^1 php-/);
    expect(await connects("php", 9000)).toBe(false);
    await kubectl("delete", "networkpolicy", "--all");
    for (let tries = 0; tries < 20 && !(await connects("php", 9000)); tries += 1) await sleep(500);
    expect(await connects("php", 9000)).toBe(true);
  });

  /** The Gateway hears of new pods an instant after they are ready. */
  async function settled(): Promise<Answer> {
    for (let tries = 0; tries < 40; tries += 1) {
      const answer = await ask("");
      if (answer.status === 200) return answer;
      await sleep(250);
    }
    return ask("");
  }

  const ask = (cookie: string): Promise<Answer> => httpAnswer({ address, port: 80 }, HOST, "/", { headers: { cookie } });
});
