import { createHash, randomBytes } from "node:crypto";
import { PassThrough, Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubernetesApi } from "../../src/kubernetes/kubernetes-api.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { BUSYBOX_IMAGE, busyboxRecipe } from "../cluster/addons/busybox.ts";
import { connectAdmin, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = `howdah-e2e-pods-${randomBytes(3).toString("hex")}`;
const skip = await whyNoCluster();
const forever = new AbortController().signal;

/** Says what it is asked, and under which name. */
const ECHO = ["#!/bin/sh", "printf 'Content-Type: text/html\\r\\n\\r\\n'", 'echo "<a href=/x>$HTTP_HOST $REQUEST_URI</a>"'].join("\n");
const SERVE = `mkdir -p /tmp/www/cgi-bin; printf '%s' "$ECHO" > /tmp/www/cgi-bin/echo; chmod +x /tmp/www/cgi-bin/echo
echo started; i=0; while true; do i=$((i+1)); echo "line $i"; sleep 1; done & exec httpd -f -p 8080 -h /tmp/www`;

describe.skipIf(skip !== undefined)(`programs, logs and ports of pods on a real cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  let api: KubernetesApi;
  const container = { namespace: NAMESPACE, pod: "web", container: "web" };
  const pod = { namespace: NAMESPACE, name: "web", port: 8080 };
  /** Says nothing for more than a minute, while the other tests run. */
  let silent: ReturnType<typeof exec>;

  beforeAll(async () => {
    await cluster.load([await cluster.image(await busyboxRecipe())]);
    ({ api } = await connectAdmin(cluster.kubeconfig));
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
    silent = exec(["sh", "-c", "sleep 62; echo still here"]);
    silent.catch(() => undefined); // its own test looks at it
  });

  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
    api.close();
  });

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

  it("a program outlives a minute of silence", async () => {
    await expect(silent).resolves.toMatchObject({ code: 0, stdout: "still here\n" });
  });
});

function* chunksOf(data: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
