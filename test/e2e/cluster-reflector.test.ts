import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject, KubernetesApi } from "../../src/kubernetes/kubernetes-api.ts";
import { Reflector } from "../../src/kubernetes/reflector.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { systemClock } from "../support/system-clock.ts";
import { connectAdmin, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = `howdah-e2e-reflector-${randomBytes(3).toString("hex")}`;
/** Long enough for several tries that fail, each after a longer pause. */
const OUTAGE_MS = 12_000;
const skip = await whyNoCluster();

// The real API server behind a line that can be cut: what the unit tests do with a false server.
describe.skipIf(skip !== undefined)(`the reflector and a bad line${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  let straight: KubernetesApi;
  let through: KubernetesApi;
  let line: Line;
  let folder: string;
  let reflector: Reflector;
  const stop = new AbortController();
  let done: Promise<void>;
  let listings = 0;
  const troubles: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "howdah-line-"));
    straight = (await connectAdmin(cluster.kubeconfig)).api;
    await straight.apply(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    const { hostname, port } = new URL(straight.server);
    line = await openLine(hostname, Number(port));
    const kubeconfig = (await readFile(cluster.kubeconfig, "utf8")).replace(straight.server, `https://127.0.0.1:${String(line.port)}`);
    await writeFile(join(folder, "config"), kubeconfig);
    through = (await connectAdmin(join(folder, "config"))).api;
    reflector = new Reflector({
      api: counted(through),
      resource: resources.ConfigMap,
      select: { namespace: NAMESPACE, labelSelector: "test=line" },
      clock: systemClock,
      random: Math.random,
      trouble: ({ message }) => troubles.push(message),
    });
    done = reflector.run(stop.signal);
    await reflector.whenSynced();
  });

  afterAll(async () => {
    stop.abort();
    await done;
    await cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
    for (const api of [straight, through]) api.close();
    await line.close();
    await rm(folder, { recursive: true, force: true });
  });

  function counted(api: KubernetesApi): Pick<KubernetesApi, "list" | "watch"> {
    return {
      list: (...given) => {
        listings += 1;
        return api.list(...given);
      },
      watch: (resource, options, signal) => {
        if (options.from === undefined) listings += 1;
        return api.watch(resource, options, signal);
      },
    };
  }

  /** Seconds until the store is what the server has. */
  async function secondsUntilEqual(): Promise<number> {
    const began = performance.now();
    const { items } = await straight.list(resources.ConfigMap, { namespace: NAMESPACE, labelSelector: "test=line" });
    const truth = versions(items);
    await expect.poll(() => versions(reflector.objects.all()), { timeout: 120_000, interval: 50 }).toEqual(truth);
    return (performance.now() - began) / 1000;
  }

  async function change(name: string): Promise<void> {
    const metadata = { name, namespace: NAMESPACE, labels: { test: "line" } };
    await straight.apply(resources.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { at: String(performance.now()) } });
  }

  it("follows changes", async () => {
    await Promise.all(Array.from({ length: 30 }, (_, index) => change(`c${String(index)}`)));
    expect(await secondsUntilEqual()).toBeLessThan(60);
  });

  it("notices within a minute that the line has gone silent, and goes on without listing", async () => {
    const before = listings;
    line.deafen();
    await change("c1");
    await change("while-silent");
    const seconds = await secondsUntilEqual();
    process.stdout.write(`a silent watch was noticed after ${seconds.toFixed(1)} s\n`);
    expect(seconds).toBeLessThan(60);
    expect(listings).toBe(before);
  });

  it("goes on after an outage, what was deleted meanwhile included, with few listings", async () => {
    const before = listings;
    line.cut();
    const { uid = "" } = (await straight.get({ resource: resources.ConfigMap, namespace: NAMESPACE, name: "c2" }))?.metadata ?? {};
    await straight.delete({ resource: resources.ConfigMap, namespace: NAMESPACE, name: "c2" }, { preconditions: { uid } });
    await change("c3");
    await sleep(OUTAGE_MS);
    line.mend();
    const seconds = await secondsUntilEqual();
    process.stdout.write(`all was known ${seconds.toFixed(1)} s after an outage, with ${String(listings - before)} tries to list\n`);
    expect(seconds).toBeLessThan(30);
    expect(listings - before).toBeLessThan(30);
    expect(troubles.join("\n")).toMatch(/broke the connection off|refuses the connection/);
  });
});

function versions(objects: readonly KubeObject[]): readonly string[] {
  return objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion ?? ""}`).sort();
}

interface Line {
  readonly port: number;
  /** What is connected now stays connected, and nothing goes through it any more. */
  deafen(): void;
  /** Everything that is connected breaks, and new connections do at once. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A TCP proxy on loopback, whose address is in the API server's certificate. */
async function openLine(host: string, port: number): Promise<Line> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let broken = false;
  const server: Server = createServer((near) => {
    near.on("error", () => {});
    if (broken) {
      near.destroy();
      return;
    }
    const far = connectTcp({ host, port });
    far.on("error", () => near.destroy());
    near.pipe(far);
    far.pipe(near);
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on("close", () => {
      far.destroy();
      pairs.delete(pair);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const cut = (): void => {
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    port: (server.address() as AddressInfo).port,
    deafen() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      }
    },
    cut() {
      broken = true;
      cut();
    },
    mend() {
      broken = false;
    },
    async close() {
      cut();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
