import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { HEALTH_ANNOTATION } from "../../kernel/label.ts";
import type { Container, Rendered } from "../../render/objects.ts";
import { tinyDeployment, tinyStatefulSet, tinySurroundings } from "../contract-objects.ts";
import type { Engine, EngineContext } from "../engine.ts";
import type { Behaviour, Started } from "../memory/behaviour.ts";
import { behave } from "../testing/behave.ts";
import { type SimulatedCluster, simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const page = (says: string): Rendered => tinyDeployment({ image: "test", behave: ["serve", says] });

function apply(engine: Engine, desired: Rendered, how: EngineContext = context): Promise<void> {
  return engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, how);
}

async function prepared(behaviour: Behaviour = behave): Promise<{ readonly cluster: SimulatedCluster; readonly engine: Engine }> {
  const cluster = await simulatedCluster(behaviour);
  const engine = simulatedEngine(cluster);
  await engine.prepare("alpha", context);
  for (const object of tinySurroundings("alpha.localhost")) await apply(engine, object);
  return { cluster, engine };
}

async function failureOf(work: Promise<unknown>): Promise<HowdahError> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HowdahError);
  return error as HowdahError;
}

/** Serves for as many starts as are named, then falls: `serve twice 2`. */
function tiring(): Behaviour {
  const starts = new Map<string, number>();
  return {
    ...behave,
    start: (container: Container): Started => {
      const [, , says = "", often = "Infinity"] = container.command ?? [];
      const count = (starts.get(says) ?? 0) + 1;
      starts.set(says, count);
      return count > Number(often) ? { state: "crashed", exitCode: 3, output: ["tired"] } : behave.start(container);
    },
  };
}

describe("a change of a Deployment", () => {
  it("leaves nothing of a first release that fails", async () => {
    const { cluster, engine } = await prepared();
    const failure = await failureOf(apply(engine, tinyDeployment({ image: "test", behave: ["crash"] })));
    expect(failure.code).toBe("engine/crashed");
    expect(failure.output).toContain("last words");
    expect(cluster.api.all("Deployment")).toEqual([]);
    expect((await engine.inventory("alpha")).objects.has("Deployment/tiny")).toBe(false);
  });

  it("applies the former object again when pods fail after the trial", async () => {
    const { cluster, engine } = await prepared(tiring());
    await apply(engine, page("one"));
    const before = (await engine.observe("alpha")).pods;
    const failure = await failureOf(apply(engine, tinyDeployment({ image: "test", behave: ["serve", "twice", "1"] })));
    expect(failure.code).toBe("engine/crashed");
    expect(cluster.askService("alpha", "tiny")).toBe("one");
    expect((await engine.observe("alpha")).pods).toEqual(before);
    expect((await engine.inventory("alpha")).objects.get("Deployment/tiny")).toBe(page("one").digest);
  });

  it.each<{ phase: string; stopAt: "start" | "ask" | "switch" }>([
    { phase: "before anything", stopAt: "start" },
    { phase: "when the trial's pod is ready", stopAt: "ask" },
    { phase: "before the switch", stopAt: "switch" },
  ])("stopped $phase leaves the former serving", async ({ stopAt }) => {
    const { cluster, engine } = await prepared();
    await apply(engine, page("one"));
    const stop = new AbortController();
    const reached = async (phase: string): Promise<void> => {
      if (phase !== stopAt) return;
      stop.abort();
      stop.signal.throwIfAborted();
    };
    expect((await failureOf(apply(engine, page("two"), { ...context, signal: stop.signal, reached }))).code).toBe("cancelled");
    expect(cluster.askService("alpha", "tiny")).toBe("one");
    expect(
      cluster.api
        .all("Pod")
        .map(({ metadata }) => metadata.name)
        .filter((name) => name.includes("trial")),
    ).toEqual([]);
  });

  it("stopped while pods are replaced goes back to the former", async () => {
    const { cluster, engine } = await prepared(tiring());
    await apply(engine, page("one"));
    const stop = new AbortController();
    let switched = false;
    const reached = async (phase: string): Promise<void> => void (switched ||= phase === "switch");
    const emit = (): void => {
      if (switched) stop.abort();
    };
    const slow = tinyDeployment({ image: "test", behave: ["serve", "twice", "1"], deadline: 600 });
    expect((await failureOf(apply(engine, slow, { emit, signal: stop.signal, reached }))).code).toMatch(/cancelled|engine\/crashed/);
    expect(cluster.askService("alpha", "tiny")).toBe("one");
  });

  it("needs no trial for what served before, nor for more of the same", async () => {
    const { cluster, engine } = await prepared();
    await apply(engine, page("one"));
    await apply(engine, page("two"));
    const before = cluster.api.writes.length;
    await apply(engine, page("one"));
    await apply(engine, tinyDeployment({ image: "test", behave: ["serve", "one"], replicas: 3 }));
    expect(cluster.api.writes.slice(before).filter((write) => write.includes("trial"))).toEqual([]);
    expect(cluster.askService("alpha", "tiny")).toBe("one");
  });

  it("tries what is named in the place of its own pods, whose page alone says nothing", async () => {
    const { cluster } = await prepared();
    const asked: string[] = [];
    const api: typeof cluster.api = {
      ...cluster.api,
      askPod: async (...request) => {
        const { body } = await cluster.api.askPod(...request);
        asked.push(body);
        return { status: 500, headers: {}, body };
      },
    };
    const engine = simulatedEngine(cluster, api);
    const { object } = tinyDeployment({ image: "test", behave: ["serve", "two with nginx"] });
    const annotations = { [HEALTH_ANNOTATION]: "http://alpha.localhost/" };
    const trial = { ...object, metadata: { ...object.metadata, annotations } };
    await apply(engine, page("one"));
    expect((await failureOf(apply(engine, { ...page("two"), trial }))).code).toBe("site/unhealthy");
    expect(asked).toEqual(["two with nginx"]);
    expect(cluster.askService("alpha", "tiny")).toBe("one");
    expect((await engine.inventory("alpha")).objects.get("Deployment/tiny")).toBe(page("one").digest);
  });

  it("waits while the API server is away", async () => {
    const { cluster } = await prepared();
    let away = 0;
    const api = {
      ...cluster.api,
      get: async (...asked: Parameters<typeof cluster.api.get>) => {
        if (asked[0].resource.kind === "Deployment" && away > 0 && away <= 20) {
          away += 1;
          throw new HowdahError("cluster/unreachable", "connection refused");
        }
        return cluster.api.get(...asked);
      },
      apply: async (...asked: Parameters<typeof cluster.api.apply>) => {
        const answer = await cluster.api.apply(...asked);
        if (asked[0].kind === "Deployment" && away === 0) away = 1;
        return answer;
      },
    };
    await apply(simulatedEngine(cluster, api), page("one"));
    expect(cluster.askService("alpha", "tiny")).toBe("one");
    expect(away).toBeGreaterThan(20);
  });
});

describe("what served before, put back after somebody took it away or changed it", () => {
  const putBack: EngineContext = { ...context, putsBack: true };
  const name = { resource: resources.Deployment, namespace: "alpha", name: "tiny" };
  const takeAway = async ({ api }: SimulatedCluster): Promise<void> => {
    await api.delete(name, { preconditions: { uid: (await api.get(name))?.metadata.uid ?? "" } });
  };

  it("waits for no pod: another change would not be seen meanwhile", async () => {
    const { cluster, engine } = await prepared();
    await apply(engine, page("one"));
    await takeAway(cluster);
    const before = cluster.clock.now();
    await apply(engine, page("one"), putBack);
    expect([cluster.clock.now(), (await engine.inventory("alpha")).objects.get("Deployment/tiny")]).toEqual([before, page("one").digest]);
    await cluster.clock.sleep(1000);
    expect(cluster.askService("alpha", "tiny")).toBe("one");
    const writes = cluster.api.writes.length;
    await apply(engine, page("two"));
    await apply(engine, page("one"));
    expect(cluster.api.writes.slice(writes).filter((write) => write.startsWith("create Pod/alpha/tiny-trial"))).toHaveLength(1);
  });

  it("does not stand behind former pods that take long to end, when its template changed with a fact", async () => {
    const { cluster, engine } = await prepared();
    await apply(engine, page("one"));
    const [former] = cluster.api.all("Pod").filter(({ metadata }) => metadata.name.startsWith("tiny-"));
    const ending = { ...former, metadata: { ...former?.metadata, deletionTimestamp: "2026-11-21T12:00:00Z" } } as KubeObject;
    const api: typeof cluster.api = {
      ...cluster.api,
      list: async (resource, ...asked) => {
        const found = await cluster.api.list(resource, ...asked);
        const isThere = resource.kind !== "Pod" || found.items.some(({ metadata }) => metadata.name === ending.metadata.name);
        return isThere ? found : { ...found, items: [...found.items, ending] };
      },
    };
    await apply(simulatedEngine(cluster, api), page("two"), putBack);
    expect(cluster.askService("alpha", "tiny")).toBe("two");
  });

  it("stays when its pods fall: the cluster starts them again", async () => {
    const { cluster, engine } = await prepared(tiring());
    const tired = tinyDeployment({ image: "test", behave: ["serve", "twice", "1"] });
    await apply(engine, tired);
    await takeAway(cluster);
    await apply(engine, tired, putBack);
    await cluster.clock.sleep(60_000);
    expect((await engine.inventory("alpha")).objects.get("Deployment/tiny")).toBe(tired.digest);
  });

  it.each([
    { finalizer: "foregroundDeletion", name: "at once, though its pods take their time to end", ends: undefined },
    { finalizer: "example.org/hold", name: "when somebody's finalizer lets it go, who is named", ends: "example.org/hold" },
  ])("is made again $name", async ({ finalizer, ends }) => {
    const { cluster, engine } = await prepared();
    await apply(engine, page("one"));
    const former = (await cluster.api.get(name))?.metadata.uid;
    cluster.api.edit(name, { metadata: { finalizers: [finalizer] } });
    await takeAway(cluster);
    if (ends !== undefined) {
      const failure = await failureOf(apply(engine, page("one"), putBack));
      expect([failure.code, failure.message]).toEqual(["cluster/conflict", expect.stringContaining(ends)]);
      cluster.api.edit(name, { metadata: { finalizers: null } });
    }
    await apply(engine, page("one"), putBack);
    const { uid, deletionTimestamp } = (await cluster.api.get(name))?.metadata ?? {};
    expect([uid === former, deletionTimestamp]).toEqual([false, undefined]);
  });
});

describe("a StatefulSet that somebody changed while nobody looked", () => {
  it("loses its pod that never got ready when it is put back: its controller would wait for it for ever", async () => {
    const { cluster, engine } = await prepared();
    const set = tinyStatefulSet({ image: "test", behave: ["serve", "one"] });
    const name = { resource: resources.StatefulSet, namespace: "alpha", name: set.object.metadata.name };
    await apply(engine, set);
    const [container] = set.object.spec.template.spec.containers;
    const containers = [{ ...container, command: ["behave", "crash"] }];
    cluster.api.edit(name, { spec: { template: { spec: { containers } } } });
    for (let tick = 0; tick < 5; tick += 1) await cluster.clock.sleep(1000);
    expect((await engine.observe("alpha")).workloads.find((one) => one.name === name.name)?.ready).toBe(0);
    await apply(engine, set, { ...context, putsBack: true });
    for (let tick = 0; tick < 5; tick += 1) await cluster.clock.sleep(1000);
    expect((await engine.observe("alpha")).workloads.find((one) => one.name === name.name)?.ready).toBe(1);
  });
});

describe("what is somebody else's", () => {
  it("is not written over", async () => {
    const { cluster, engine } = await prepared();
    const metadata = { name: "tiny", namespace: "alpha" };
    const theirs = { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas: 0, template: { spec: { containers: [] } } } };
    await cluster.api.create(resources.Deployment, theirs);
    expect((await failureOf(apply(engine, page("one")))).code).toBe("cluster/conflict");
    await engine.remove("alpha", context);
    expect(cluster.api.all("Deployment")).toMatchObject([{ metadata, spec: theirs.spec }]);
  });

  it("is no namespace to put a site into", async () => {
    const { cluster, engine } = await prepared();
    await cluster.api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "payroll" } });
    expect((await failureOf(engine.prepare("payroll", context))).code).toBe("cluster/namespace-taken");
    expect((await failureOf(engine.prepare("../payroll", context))).code).toBe("site/unknown");
  });

  it("stays on a namespace: labels that others put there", async () => {
    const { cluster, engine } = await prepared();
    const labels = { "howdah.dev/namespace": "shop", team: "blue" };
    await cluster.api.apply(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels } });
    await engine.prepare("shop", context);
    const shop = cluster.api.all("Namespace").find(({ metadata }) => metadata.name === "shop");
    expect(shop?.metadata.labels).toMatchObject({ ...labels, "pod-security.kubernetes.io/enforce": "restricted" });
  });
});

describe("data", () => {
  const [claim] = tinySurroundings("alpha.localhost");

  it("that was removed behind Howdah's back is not replaced by an empty volume", async () => {
    const { cluster, engine } = await prepared();
    const [live] = cluster.api.all("PersistentVolumeClaim");
    const name = { resource: resources.PersistentVolumeClaim, namespace: "alpha", name: "data" };
    await cluster.api.delete(name, { preconditions: { uid: live?.metadata.uid ?? "" } });
    expect((await failureOf(apply(engine, claim as Rendered))).code).toBe("data/volume-missing");
    await engine.deleteVolume("alpha", "data");
    await apply(engine, claim as Rendered);
    expect(cluster.api.all("PersistentVolumeClaim")).toHaveLength(1);
  });

  it("is let go of without being deleted, and taken again", async () => {
    const { cluster, engine } = await prepared();
    const uid = cluster.api.all("PersistentVolumeClaim")[0]?.metadata.uid;
    await engine.apply("alpha", { do: "keep", key: "PersistentVolumeClaim/data", because: "test" }, context);
    expect((await engine.inventory("alpha")).objects.has("PersistentVolumeClaim/data")).toBe(false);
    expect((await engine.observe("alpha")).volumes).toMatchObject([{ claim: "data" }]);
    await apply(engine, claim as Rendered);
    expect(cluster.api.all("PersistentVolumeClaim")[0]?.metadata.uid).toBe(uid);
  });
});

describe("a route", () => {
  const route = tinySurroundings("alpha.localhost").find(({ key }) => key === "HTTPRoute/tiny") as Rendered;
  const moved = tinySurroundings("other.localhost").find(({ key }) => key === "HTTPRoute/tiny") as Rendered;

  /** A Gateway that says the same of every route. */
  async function withGateway(
    status: "True" | "False",
    message = "",
  ): Promise<{ readonly cluster: SimulatedCluster; readonly engine: Engine }> {
    const { cluster } = await prepared();
    const api = {
      ...cluster.api,
      apply: async (...asked: Parameters<typeof cluster.api.apply>) => {
        const answer = await cluster.api.apply(...asked);
        if (answer.kind !== "HTTPRoute") return answer;
        const observedGeneration = answer.metadata.generation;
        const parents = [{ conditions: [{ type: "Accepted", status, reason: "NoMatchingListenerHostname", message, observedGeneration }] }];
        return cluster.api.replace(resources.HTTPRoute, { ...answer, status: { parents } }, { subresource: "status" });
      },
    };
    return { cluster, engine: simulatedEngine(cluster, api) };
  }

  it("that the Gateway refuses is told in its words, and the former one stays", async () => {
    const { cluster, engine } = await withGateway("False", "no listener serves it");
    const failure = await failureOf(apply(engine, moved));
    expect(failure.code).toBe("config/rejected");
    expect(failure.message).toContain("NoMatchingListenerHostname: no listener serves it");
    expect(cluster.api.all("HTTPRoute")).toMatchObject([{ spec: { hostnames: ["alpha.localhost"] } }]);
    expect((await engine.inventory("alpha")).objects.get("HTTPRoute/tiny")).toBe(route.digest);
  });

  it.each([
    { gateway: "takes it", status: "True" as const, told: [] },
    { gateway: "is not there", status: undefined, told: [expect.stringContaining("No Gateway has taken the route tiny yet")] },
  ])("is in place when the Gateway $gateway", async ({ status, told }) => {
    const { engine } = status === undefined ? await prepared() : await withGateway(status);
    const notices: string[] = [];
    await apply(engine, moved, { ...context, emit: (event) => void (event.type === "notice" && notices.push(event.message)) });
    expect(notices).toEqual(told);
    expect((await engine.inventory("alpha")).objects.get("HTTPRoute/tiny")).toBe(moved.digest);
  });
});
