import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Agent, request } from "undici";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { keyPair } from "../cluster/pki.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-gateway";
const HOST = "e2e.howdah.test";
const skip = await whyNoCluster();

describe.skipIf(skip !== undefined)(`the Gateway of the test cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const addresses = cluster.settings.nodes.map(({ address }) => address);
  const kubectl = (...argv: readonly string[]) => cluster.kubectl(["--namespace", NAMESPACE, ...argv]);

  beforeAll(async () => {
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s");
    await cluster.apply([web(PAGES, 3), service(), route()]);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await untilAnswers();
  });
  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
  });

  async function untilAnswers(): Promise<void> {
    for (let tries = 0; tries < 60; tries += 1) {
      const answers = await Promise.all(addresses.map((address) => ask(address).catch(() => undefined)));
      if (answers.every((answer) => answer?.status === 200)) return;
      await sleep(500);
    }
  }

  it("answers on every node's address, over HTTP and over HTTPS with a certificate of the cluster's authority", async () => {
    const { cert } = keyPair(cluster.settings, "ca");
    const trusting = new Agent({ connect: { ca: await readFile(cert), servername: HOST } });
    for (const address of addresses) {
      expect((await ask(address)).status).toBe(200);
      expect((await ask(address, { scheme: "https", dispatcher: trusting })).status).toBe(200);
    }
    await trusting.close();
  });

  it("says 404 for a host that no route names", async () => {
    expect((await ask(addresses[0] ?? "", { host: "nobody.howdah.test" })).status).toBe(404);
  });

  it("loses no request when pods end that go on serving for ten seconds, and follows their end by itself", async () => {
    const answers: { readonly at: number; readonly from: string; readonly status: number }[] = [];
    const enough = new AbortController();
    const visitors = addresses.map(async (address) => {
      while (!enough.signal.aborted) {
        const from = await ask(address).then(
          ({ status, body }) => ({ status, from: body.trim() }),
          (error: unknown) => ({ status: 0, from: String(error) }),
        );
        answers.push({ at: performance.now(), ...from });
        await sleep(20);
      }
    });
    await sleep(1000);
    const { stdout } = await kubectl("get", "pods", "--output=jsonpath={.items[0].metadata.name}");
    const deleted = performance.now();
    await kubectl("delete", "pod", stdout, "--wait=false");
    await sleep(15_000);
    enough.abort();
    await Promise.all(visitors);
    const last = answers.findLast(({ from }) => from === stdout)?.at ?? deleted;
    console.log(`gateway: followed after ${String(Math.round(last - deleted))} ms, ${String(answers.length)} requests`);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(last - deleted).toBeLessThan(10_000);
  });

  it("tells the application the visitor's address, host and scheme, whatever the visitor says of them", async () => {
    await cluster.apply([web(HEADERS, 1)]);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const lies = { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https" };
    let body = "";
    for (let tries = 0; tries < 60 && !body.includes("X-Forwarded-For"); tries += 1) {
      await sleep(500); // until the pods that answer with their names are gone
      body = (await ask(addresses[0] ?? "", { headers: lies })).body;
    }
    const headers = new Map(body.split("\n").map((line) => [line.split(": ")[0]?.toLowerCase(), line.split(": ")[1]?.trim()]));
    expect(headers.get("host")).toBe(HOST);
    expect(headers.get("x-forwarded-for")).toBe(cluster.settings.hostAddress);
    expect(headers.get("x-forwarded-proto")).toBe("http");
    expect(headers.get("x-forwarded-host")).toBe(HOST);
  });
});

interface Question {
  readonly scheme?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly dispatcher?: Agent;
}

async function ask(address: string, { scheme = "http", host = HOST, headers = {}, dispatcher }: Question = {}) {
  const how = { headers: { ...headers, host }, headersTimeout: 10_000, ...(dispatcher && { dispatcher }) };
  const { statusCode, body } = await request(`${scheme}://${address}/`, how);
  return { status: statusCode, body: await body.text() };
}

/** Answers with the pod's name. As the first process of a container it hears no SIGTERM: it serves until the grace period has passed. */
const PAGES = ["sh", "-c", "mkdir /tmp/www && hostname > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"];
/** Answers with the request's own head. */
const HEAD = `printf 'HTTP/1.0 200 OK\\r\\n\\r\\n'; while read -r line && [ "\${#line}" -gt 1 ]; do printf '%s\\n' "$line"; done`;
const HEADERS = ["nc", "-ll", "-p", "8080", "-e", "sh", "-c", HEAD];

function web(command: readonly string[], replicas: number): object {
  const labels = { app: "web" };
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
  const container = {
    name: "web",
    image: BUSYBOX_IMAGE,
    imagePullPolicy: "Never",
    command,
    ports: [{ containerPort: 8080 }],
    readinessProbe,
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 10, containers: [container] } },
    },
  };
}

function service(): object {
  const spec = { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] };
  return { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: NAMESPACE }, spec };
}

function route(): object {
  const spec = {
    parentRefs: [{ name: "howdah", namespace: "gateway" }],
    hostnames: [HOST],
    rules: [{ backendRefs: [{ name: "web", port: 80 }] }],
  };
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "web", namespace: NAMESPACE }, spec };
}
