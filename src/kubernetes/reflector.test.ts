import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectCluster } from "./create-kubernetes-api.ts";
import type { KubernetesApi } from "./kubernetes-api.ts";
import { Reflector } from "./reflector.ts";
import { resources } from "./resources.ts";
import { configMap, type FakeApiServer, fakeApiServer } from "./testing/fake-api-server.ts";
import { ManualClock } from "./testing/manual-clock.ts";

/** Of real time; waiting is by the test's own clock. */
const PATIENCE = { timeout: 60_000 };
const collection = "/api/v1/namespaces/blog/configmaps";

describe.each([
  ["a server with WatchList", true],
  ["a server without", false],
])("on %s", (_name, watchList) => {
  let fake: FakeApiServer;
  let clock: ManualClock;
  let api: KubernetesApi;
  let reflector: Reflector;
  let told: string[];
  let troubles: string[];
  const stop: { signal: AbortController; done: Promise<void> } = { signal: new AbortController(), done: Promise.resolve() };

  beforeEach(async () => {
    fake = await fakeApiServer({ watchList });
    clock = new ManualClock();
    told = [];
    troubles = [];
    const access = { kind: "kubeconfig", files: [fake.kubeconfig], context: undefined } as const;
    ({ api } = await connectCluster({ access, clock, random: () => 0.5, userAgent: "howdah/test" }));
    fake.objects.put(collection, configMap("a"));
    fake.objects.put(collection, configMap("b"));
    reflector = new Reflector({
      api,
      resource: resources.ConfigMap,
      select: { namespace: "blog" },
      clock,
      random: () => 0.5,
      trouble: ({ code }) => troubles.push(code),
    });
    reflector.objects.listen((keys) => told.push(...keys));
    stop.signal = new AbortController();
  });

  afterEach(async () => {
    stop.signal.abort();
    await stop.done;
    api.close();
    await fake.close();
  });

  async function start(): Promise<void> {
    stop.done = reflector.run(stop.signal.signal);
    await reflector.whenSynced();
    await watching();
  }

  /** A watch is open at the server. */
  async function watching(): Promise<void> {
    await vi.waitFor(() => {
      expect(fake.openWatches()).toBe(1);
    });
  }

  /** Time passes in steps, as long as the network needs, until the store has these objects. */
  async function eventually(names: readonly string[]): Promise<void> {
    await vi.waitFor(
      async () => {
        await clock.advance(1000);
        expect(namesOf()).toEqual(names);
      },
      { timeout: 60_000, interval: 5 },
    );
  }

  function namesOf(): string[] {
    return reflector.objects
      .all()
      .map(({ metadata }) => metadata.name)
      .sort();
  }

  /** Requests that list everything. */
  function listings(): number {
    return (
      fake.seen.filter(({ query }) => query["sendInitialEvents"] === "true" || query["watch"] === undefined).length - (watchList ? 0 : 1)
    );
  }

  it("lists, then follows", async () => {
    expect(reflector.synced()).toBe(false);
    await start();
    expect([reflector.synced(), namesOf()]).toEqual([true, ["a", "b"]]);
    told.length = 0;
    fake.objects.put(collection, configMap("c"));
    fake.objects.put(collection, configMap("a", { x: "y" }));
    fake.objects.remove(collection, "b");
    await vi.waitFor(() => {
      expect(told).toEqual(["blog/c", "blog/a", "blog/b"]);
    });
    expect(namesOf()).toEqual(["a", "c"]);
    expect(fake.seen.at(-1)?.query["allowWatchBookmarks"]).toBe("true");
    const seconds = Number(fake.seen.at(-1)?.query["timeoutSeconds"]);
    expect(seconds >= 240 && seconds <= 300).toBe(true);
  });

  it("goes on where it was when a connection breaks, without listing", async () => {
    await start();
    const before = listings();
    fake.cutWatches();
    fake.objects.put(collection, configMap("c"));
    fake.objects.remove(collection, "a");
    await eventually(["b", "c"]);
    expect(listings()).toBe(before);
    expect(troubles).toEqual(["cluster/unreachable"]);
  });

  it("goes on from the last bookmark", async () => {
    await start();
    fake.objects.version += 50;
    fake.objects.bookmark();
    const { version } = fake.objects;
    await vi.waitFor(() => {
      expect(reflector.heardAt).toBe(clock.now());
    });
    await clock.advance(1000);
    fake.cutWatches();
    await clock.advance(1000);
    await vi.waitFor(() => {
      expect(fake.seen.at(-1)?.query["resourceVersion"]).toBe(String(version));
    });
  });

  it("says that the server is heard again after trouble, and only then", async () => {
    let times = 0;
    reflector.onHeardAgain(() => (times += 1));
    await start();
    expect(times).toBe(0);
    fake.fault = () => ({ kind: "reset" });
    fake.cutWatches();
    await vi.waitFor(async () => {
      await clock.advance(1000);
      expect(troubles.length).toBeGreaterThan(1);
    }, PATIENCE);
    expect(times).toBe(0);
    fake.fault = () => undefined;
    await vi.waitFor(async () => {
      await clock.advance(1000);
      expect(times).toBe(1);
    }, PATIENCE);
  });

  it("lists anew after 410, and notices what was deleted in the gap", async () => {
    await start();
    fake.fault = () => ({ kind: "reset" });
    fake.cutWatches();
    fake.objects.remove(collection, "a");
    fake.objects.compact();
    fake.fault = () => undefined;
    told.length = 0;
    await eventually(["b"]);
    expect(told).toEqual(["blog/a"]);
    expect(troubles).toContain("cluster/expired");
  });

  it("notices within a minute that a watch has gone silent", async () => {
    await start();
    fake.deafenWatches();
    fake.objects.put(collection, configMap("c"));
    await clock.advance(60_000);
    await eventually(["a", "b", "c"]);
    expect(troubles).toEqual([]);
  });

  it("survives a server that says nothing to a new watch either", async () => {
    await start();
    fake.fault = ({ query }) => (query["watch"] === "true" ? { kind: "silent-after-headers" } : undefined);
    fake.cutWatches();
    fake.objects.put(collection, configMap("c"));
    for (let minute = 0; minute < 3; minute += 1) await clock.advance(60_000);
    fake.fault = () => undefined;
    await clock.advance(60_000);
    await eventually(["a", "b", "c"]);
  });

  it.each([
    ["500 again and again", { kind: "answer", status: 500 }],
    ["429", { kind: "answer", status: 429, headers: { "retry-after": "1" } }],
    ["403", { kind: "answer", status: 403 }],
    ["410 as a status", { kind: "answer", status: 410 }],
    ["broken connections", { kind: "reset" }],
    ["a page of something else", { kind: "answer", status: 200, body: "<html>" }],
  ] as const)("never gives up, and never lists twice in a second: %s", async (_name, fault) => {
    await start();
    const before = listings();
    const began = clock.now();
    fake.fault = () => fault;
    fake.cutWatches();
    fake.objects.remove(collection, "a");
    fake.objects.put(collection, configMap("c"));
    for (let step = 0; step < 30; step += 1) {
      await clock.advance(1000);
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
    expect(namesOf()).toEqual(["a", "b"]);
    fake.fault = () => undefined;
    await eventually(["b", "c"]);
    expect(listings() - before).toBeLessThanOrEqual((clock.now() - began) / 1000);
  });

  it("lists anew after some minutes, as if events had been lost", async () => {
    await start();
    fake.objects.loseEvents(() => {
      fake.objects.put(collection, configMap("c"));
    });
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(60_000);
      await watching();
    }
    await eventually(["a", "b", "c"]);
  });
});
