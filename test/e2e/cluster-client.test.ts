import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectCluster } from "../../src/kubernetes/create-kubernetes-api.ts";
import type { KubeObject, KubernetesApi, ObjectName, Resource, WatchEvent } from "../../src/kubernetes/kubernetes-api.ts";
import { Leadership } from "../../src/kubernetes/lease.ts";
import { Reflector } from "../../src/kubernetes/reflector.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { systemClock } from "../support/system-clock.ts";
import { runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = `howdah-e2e-client-${randomBytes(3).toString("hex")}`;
const skip = await whyNoCluster();
const forever = new AbortController().signal;

/** Says what it is asked, and under which name. */
const ECHO = ["#!/bin/sh", "printf 'Content-Type: text/html\\r\\n\\r\\n'", 'echo "<a href=/x>$HTTP_HOST $REQUEST_URI</a>"'].join("\n");
const SERVE = `mkdir -p /tmp/www/cgi-bin; printf '%s' "$ECHO" > /tmp/www/cgi-bin/echo; chmod +x /tmp/www/cgi-bin/echo
echo started; i=0; while true; do i=$((i+1)); echo "line $i"; sleep 1; done & exec httpd -f -p 8080 -h /tmp/www`;

describe.skipIf(skip !== undefined)(`the client of the API on a real cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  let api: KubernetesApi;
  const container = { namespace: NAMESPACE, pod: "web", container: "web" };
  const pod = { namespace: NAMESPACE, name: "web", port: 8080 };

  beforeAll(async () => {
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    ({ api } = await connect());
    await api.apply(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    await cluster.kubectl(["--namespace", NAMESPACE, "wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
    await api.apply(resources.Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: NAMESPACE },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "web",
            image: BUSYBOX_IMAGE,
            imagePullPolicy: "Never",
            command: ["sh", "-c", SERVE],
            env: [{ name: "ECHO", value: ECHO }],
            readinessProbe: { httpGet: { path: "/cgi-bin/echo", port: 8080 }, periodSeconds: 1, failureThreshold: 60 },
          },
        ],
      },
    });
    await cluster.kubectl(["--namespace", NAMESPACE, "wait", "--for=condition=Ready", "pod", "web", "--timeout=180s"]);
  });

  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
    api.close();
  });

  function connect(options: Partial<Parameters<typeof connectCluster>[0]> = {}) {
    const access = { kind: "kubeconfig", files: [cluster.kubeconfig], context: undefined } as const;
    return connectCluster({ access, clock: systemClock, random: Math.random, userAgent: "howdah/test", ...options });
  }

  /** Runs a program and takes what it says. */
  async function exec(argv: readonly string[], stdin?: Readable, stdout: Writable = new PassThrough(), signal = forever) {
    const said = { stdout: "", stderr: "" };
    const stderr = new PassThrough();
    stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
    if (stdout instanceof PassThrough) stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
    const code = await api.exec(container, { argv, stdin, stdout, stderr, tty: false }, signal);
    return { code, ...said };
  }

  describe("exec", () => {
    it("answers the exit code, and keeps what is said apart", async () => {
      await expect(exec(["sh", "-c", "echo out; echo err >&2; exit 7"])).resolves.toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
      await expect(exec(["true"])).resolves.toEqual({ code: 0, stdout: "", stderr: "" });
    });

    it("passes arguments as they are", async () => {
      const hostile = ["a b", "$(id)", "é😀", "--", "x&y=z#?", "'\"\\", ""];
      const { stdout } = await exec(["sh", "-c", 'printf "[%s]" "$@"', "sh", ...hostile]);
      expect(stdout).toBe(hostile.map((one) => `[${one}]`).join(""));
    });

    it("gives input to its end, which the program notices, and all of its output, to a reader that takes its time", async () => {
      const data = randomBytes(20_000_000);
      const hash = createHash("sha256");
      let size = 0;
      let waiting = 0;
      let most = 0;
      const slow = new Writable({
        highWaterMark: 64 * 1024,
        write(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          size += chunk.length;
          waiting += 1;
          most = Math.max(most, this.writableLength);
          if (waiting % 100 === 0) void sleep(5).then(() => done());
          else done();
        },
      });
      const { code } = await exec(["cat"], Readable.from(chunksOf(data, 70_000)), slow);
      expect([code, size, hash.digest("hex")]).toEqual([0, data.length, createHash("sha256").update(data).digest("hex")]);
      expect(most).toBeLessThan(4_000_000);
    });

    it("ends when the program does not want all of its input", async () => {
      // more of it than pipes and buffers on the way hold is never answered, to kubectl neither: see execInPod
      await expect(exec(["head", "-c", "3"], Readable.from([randomBytes(50_000)]))).resolves.toMatchObject({ code: 0 });
      await expect(exec(["sh", "-c", "exit 3"], new PassThrough())).resolves.toMatchObject({ code: 3 });
    });

    it("ends with the source's own failure, not as if its input had ended", async () => {
      const source = Readable.from(
        (async function* () {
          yield Buffer.from("half");
          await sleep(200);
          throw new Error("the disk is gone");
        })(),
      );
      await expect(exec(["cat"], source)).rejects.toThrow("the disk is gone");
    });

    it("says why a program is not started", async () => {
      await expect(exec(["no-such-program"])).rejects.toMatchObject({
        code: "cluster/rejected",
        message: expect.stringContaining("no-such-program"),
      });
      const nowhere = { ...container, pod: "nowhere" };
      const request = { argv: ["true"], stdin: undefined, stdout: undefined, stderr: undefined, tty: false };
      await expect(api.exec(nowhere, { ...request, stdout: new PassThrough() }, forever)).rejects.toMatchObject({
        message: expect.stringContaining('pods "nowhere" not found'),
      });
    });

    it("ends with its signal", async () => {
      const stop = new AbortController();
      const running = exec(["sleep", "1000"], undefined, new PassThrough(), stop.signal);
      setTimeout(() => {
        stop.abort();
      }, 1000);
      await expect(running).rejects.toMatchObject({ code: "cancelled" });
    });

    it("outlives a minute of silence", async () => {
      await expect(exec(["sh", "-c", "sleep 70; echo still here"])).resolves.toMatchObject({ code: 0, stdout: "still here\n" });
    });
  });

  describe("logs and ports", () => {
    it("gives lines as they come, with their times", async () => {
      const stop = new AbortController();
      const lines: string[] = [];
      try {
        for await (const chunk of await api.logs(container, { follow: true, tail: 2 }, stop.signal)) {
          lines.push(...String(chunk).trimEnd().split("\n"));
          if (lines.length >= 5) stop.abort();
        }
      } catch (error) {
        expect(stop.signal.aborted, String(error)).toBe(true);
      }
      expect(
        lines.every((line) => /^\d{4}-\d\d-\d\dT[^ ]+Z line \d+$/.test(line)),
        lines.join("\n"),
      ).toBe(true);
    });

    it("says that there are no former logs", async () => {
      await expect(api.logs(container, { follow: false, tail: 2, previous: true }, forever)).rejects.toMatchObject({
        message: expect.stringContaining("previous terminated container"),
      });
    });

    it("asks a pod for a page under any name, and changes nothing in the answer", async () => {
      const answer = await api.askPod(pod, { path: "/cgi-bin/echo?a=b%20c", headers: { host: "blog.example.org" }, timeoutMs: 20_000 });
      expect(answer).toMatchObject({ status: 200, body: "<a href=/x>blog.example.org /cgi-bin/echo?a=b%20c</a>\n" });
      await expect(api.askPod(pod, { path: "/nothing", headers: {}, timeoutMs: 20_000 })).resolves.toMatchObject({ status: 404 });
    });

    it("says that nobody listens", async () => {
      const asked = api.askPod({ ...pod, port: 9 }, { path: "/", headers: {}, timeoutMs: 20_000 });
      await expect(asked).rejects.toMatchObject({ code: "cluster/failed", message: expect.stringMatching(/refused/) });
    });

    it("passes streams both ways, several at once", async () => {
      const streams = await Promise.all([1, 2, 3].map(() => api.connectPod(pod, forever)));
      const answers = streams.map(async (stream, index) => {
        stream.write(`GET /cgi-bin/echo?${String(index)} HTTP/1.0\r\nHost: x\r\n\r\n`);
        let text = "";
        for await (const chunk of stream) text += String(chunk);
        return text;
      });
      for (const [index, text] of (await Promise.all(answers)).entries()) expect(text).toContain(`x /cgi-bin/echo?${String(index)}`);
    });
  });

  describe("writing", () => {
    it("says whose field it is that is taken, and takes it when told to", async () => {
      await api.apply(resources.ConfigMap, configMap("owned", { key: "ours" }));
      const theirs = configMap("owned", { key: "theirs" });
      await expect(api.apply(resources.ConfigMap, theirs, { fieldManager: "other", force: false })).rejects.toMatchObject({
        code: "cluster/conflict",
        message: expect.stringMatching(/conflict with "howdah".*\.data\.key/),
      });
      await expect(api.apply(resources.ConfigMap, theirs, { fieldManager: "other" })).resolves.toMatchObject({ data: { key: "theirs" } });
    });

    it("brings any text through, though apply takes YAML", async () => {
      const text = "a\u2028b\u0085c\u007f\ufeff😀\ttab\r\n  - {x}: & * yes ' \" \\ \u2029 \ufffe é";
      await expect(api.apply(resources.ConfigMap, configMap("text", { text }))).resolves.toMatchObject({ data: { text } });
    });

    it.each([
      ["an unknown field, for which the server says 500", { spec: { replica: 1 } }, ".spec.replica: field not declared in schema"],
      ["wrong values, all at once, with their paths", { spec: { ...template(), replicas: -1 } }, "spec.replicas: Invalid value: -1"],
      ["a value of the wrong type", { spec: { ...template(), replicas: "two" } }, "replicas"],
    ])("says on a dry run what is wrong: %s", async (_name, fields, words) => {
      const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "dry", namespace: NAMESPACE }, ...fields };
      await expect(api.apply(resources.Deployment, deployment, { dryRun: true })).rejects.toMatchObject({
        code: "cluster/rejected",
        message: expect.stringContaining(words),
      });
      await expect(api.get(named(resources.Deployment, "dry"))).resolves.toBeUndefined();
    });

    it("writes and deletes only what it was decided on", async () => {
      const { metadata } = await api.apply(resources.ConfigMap, configMap("held"));
      const { uid = "", resourceVersion = "" } = metadata;
      await api.mergePatch(named(resources.ConfigMap, "held"), { data: { changed: "yes" } });
      const stale = { ...configMap("held"), metadata: { ...metadata, managedFields: undefined } };
      await expect(api.replace(resources.ConfigMap, stale)).rejects.toMatchObject({ code: "cluster/conflict" });
      const anew = { ...configMap("held"), metadata: { ...configMap("held").metadata, uid: "another" } };
      await expect(api.apply(resources.ConfigMap, anew)).rejects.toMatchObject({ code: "cluster/conflict" });
      const name = named(resources.ConfigMap, "held");
      await expect(api.delete(name, { preconditions: { uid, resourceVersion } })).rejects.toMatchObject({ code: "cluster/conflict" });
      await expect(api.delete(name, { preconditions: { uid: "another" } })).rejects.toMatchObject({ code: "cluster/conflict" });
      await expect(api.delete(name, { preconditions: { uid } })).resolves.toBe(true);
      await expect(api.delete(name, { preconditions: { uid } })).resolves.toBe(false);
    });

    it("says that our own resources, or others', are not there", async () => {
      const unknown = { ...resources.Tenant, version: "v9" };
      await expect(api.list(unknown)).rejects.toMatchObject({ code: "cluster/not-installed" });
      await expect(api.list({ ...resources.HTTPRoute, group: "nothing.example.org" })).rejects.toMatchObject({ code: "cluster/rejected" });
    });
  });

  describe("watching", () => {
    it("begins with all there is, says where that ends, and goes on", async () => {
      await api.apply(resources.ConfigMap, configMap("first"));
      const stop = new AbortController();
      const events: WatchEvent[] = [];
      try {
        for await (const event of api.watch(
          resources.ConfigMap,
          { namespace: NAMESPACE, from: undefined, timeoutSeconds: 60 },
          stop.signal,
        )) {
          events.push(event);
          if (event.initialEnd === true) await api.apply(resources.ConfigMap, configMap("second"));
          if (event.object.metadata.name === "second") break;
        }
      } finally {
        stop.abort();
      }
      const end = events.findIndex(({ initialEnd }) => initialEnd === true);
      expect(events.slice(0, end).map(({ object }) => object.metadata.name)).toContain("first");
      expect(events.slice(end + 1).map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(["ADDED second"]);
    });

    it("says that its history is forgotten", async () => {
      const watch = api.watch(resources.ConfigMap, { namespace: NAMESPACE, from: "1", timeoutSeconds: 10 }, forever);
      await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "cluster/expired" });
    });

    it("keeps a store like the server's objects", async () => {
      const select = { namespace: NAMESPACE, labelSelector: "test=store" };
      const reflector = new Reflector({ api, resource: resources.ConfigMap, select, clock: systemClock, random: Math.random });
      const stop = new AbortController();
      const done = reflector.run(stop.signal);
      await reflector.whenSynced();
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => api.apply(resources.ConfigMap, configMap(`s${String(i)}`, { i: String(i) }, true))),
      );
      await api.mergePatch(named(resources.ConfigMap, "s7"), { metadata: { labels: { test: "no-more" } } });
      const { uid = "" } = (await api.get(named(resources.ConfigMap, "s8")))?.metadata ?? {};
      await api.delete(named(resources.ConfigMap, "s8"), { preconditions: { uid } });
      const { items } = await api.list(resources.ConfigMap, select);
      const truth = items.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`).sort();
      expect(truth).toHaveLength(38);
      const known = () =>
        reflector.objects
          .all()
          .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`)
          .sort();
      await expect.poll(known, { timeout: 30_000 }).toEqual(truth);
      stop.abort();
      await done;
    });
  });

  it("elects one of two, and the other when the first gives up", async () => {
    const terms: string[] = [];
    const contend = (identity: string) => {
      const leadership = new Leadership({
        api,
        namespace: NAMESPACE,
        name: "leader",
        identity,
        clock: systemClock,
        monotonic: () => performance.now(),
        random: Math.random,
        retryMs: 300,
      });
      const stop = new AbortController();
      const done = leadership.run(async (term, signal) => {
        terms.push(`${identity} ${String(term)}`);
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            resolve();
          });
        });
      }, stop.signal);
      return { stop, done };
    };
    const first = contend("a");
    await expect.poll(() => terms, { timeout: 30_000 }).toEqual(["a 0"]);
    const second = contend("b");
    await sleep(2000);
    expect(terms).toEqual(["a 0"]);
    first.stop.abort();
    await first.done;
    await expect.poll(() => terms, { timeout: 30_000 }).toEqual(["a 0", "b 1"]);
    second.stop.abort();
    await second.done;
  });

  describe("as a pod", () => {
    it("uses the service account's token as it is renewed, and says which right is missing", async () => {
      const folder = await mkdtemp(join(tmpdir(), "howdah-account-"));
      const { stdout: token } = await cluster.kubectl(["--namespace", NAMESPACE, "create", "token", "default"]);
      const kubeconfig = await readFile(cluster.kubeconfig, "utf8");
      const ca = Buffer.from(/certificate-authority-data"?: "?([A-Za-z0-9+/=]+)/.exec(kubeconfig)?.[1] ?? "", "base64");
      await writeFile(join(folder, "ca.crt"), ca);
      await writeFile(join(folder, "token"), "not-a-token\n");
      const { hostname, port } = new URL(api.server);
      const inCluster = await connect({ access: { kind: "in-cluster", host: hostname, port, folder } });
      try {
        await expect(inCluster.api.list(resources.Node)).rejects.toMatchObject({ code: "cluster/unauthorized" });
        await writeFile(join(folder, "token"), `${token.trim()}\n`);
        await expect(inCluster.api.list(resources.Node)).rejects.toMatchObject({
          code: "cluster/forbidden",
          message: expect.stringContaining(`User "system:serviceaccount:${NAMESPACE}:default" cannot list resource "nodes"`),
        });
        await expect(inCluster.api.version()).resolves.toMatch(/^1\.\d+$/);
      } finally {
        inCluster.api.close();
        await rm(folder, { recursive: true, force: true });
      }
    });

    it("does not speak to a server whose certificate is another authority's", async () => {
      const folder = await mkdtemp(join(tmpdir(), "howdah-account-"));
      const { rootCertificates } = await import("node:tls");
      await writeFile(join(folder, "ca.crt"), rootCertificates[0] ?? "");
      await writeFile(join(folder, "token"), "secret");
      const { hostname, port } = new URL(api.server);
      const inCluster = await connect({ access: { kind: "in-cluster", host: hostname, port, folder } });
      await expect(inCluster.api.version()).rejects.toMatchObject({ code: "cluster/unreachable", message: /do not trust/ });
      inCluster.api.close();
      await rm(folder, { recursive: true, force: true });
    });
  });
});

function named(resource: Resource, name: string): ObjectName {
  return { resource, namespace: NAMESPACE, name };
}

function configMap(name: string, data: Readonly<Record<string, string>> = {}, inStore = false): KubeObject {
  const labels = { test: inStore ? "store" : "client" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE, labels }, data };
}

function template(): object {
  const labels = { app: "dry" };
  return {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "main", image: BUSYBOX_IMAGE }] } },
  };
}

function* chunksOf(data: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
