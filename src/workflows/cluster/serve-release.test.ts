import { describe, expect, it } from "vitest";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../../engine/engine.ts";
import type { MemoryEngine } from "../../engine/memory/memory-engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { builtRelease } from "./release-resource.ts";
import { serveRelease } from "./serve-release.ts";
import { type ClusterRig, clusterRig } from "./testing/cluster-rig.ts";

const quiet: EngineContext = { emit: () => undefined, signal: new AbortController().signal };

/** Serves r1 once more, with another engine. */
async function serveWith(rig: ClusterRig, engine: MemoryEngine): Promise<unknown> {
  const object = await rig.api.get({ resource: resources.Release, namespace: "acme", name: "r1" });
  if (object === undefined) throw new TypeError("there is no r1");
  return serveRelease({ release: builtRelease(object), replicas: null }, { ...rig.ports, engine }, quiet);
}

const states = (rig: ReturnType<typeof clusterRig>): string[] =>
  rig.api.all("Release").map(({ metadata, status }) => `${metadata.name} ${(status as { state?: string } | undefined)?.state ?? "new"}`);

describe("serving a release in a namespace of a cluster", () => {
  it("takes the first into service, then the next", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    expect(await rig.serve("r1")).toMatchObject({ released: true });
    await rig.release("r2", "two");
    await rig.serve("r2");
    expect([rig.page(), ...states(rig)]).toEqual(["two", "r1 superseded", "r2 serving"]);
  });

  it("writes nothing when nothing differs", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    await rig.serve("r1");
    const writes = rig.api.writes.length;
    expect(await rig.serve("r1")).toMatchObject({ released: false, steps: 0 });
    expect(rig.api.writes.slice(writes)).toEqual([]);
  });

  it.each(["bad", "sick"])("keeps what serves when the next is %s, and says why", async (image) => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    await rig.release("r2", image);
    await expect(rig.serve("r2")).rejects.toThrow();
    expect([rig.page(), ...states(rig)]).toEqual(["one", "r1 serving", "r2 failed"]);
    await rig.release("r3", "three");
    await rig.serve("r3");
    expect(rig.page()).toBe("three");
  });

  it("gives several pods a server of their sessions, whoever asks for them, and says so when the release has none", async () => {
    const rig = clusterRig();
    const image = (reference: string) => ({ reference, digest: `sha256:${"0".repeat(64)}` });
    const servers = { php: image("php"), sessions: image("sessions") };
    const spec = { runtime: { php: "8.4" as const } };
    const seen = async (id: string, replicas?: number): Promise<readonly boolean[]> => {
      const { keepsSessionsApart } = await rig.serve(id, replicas);
      return [(await rig.engine.inventory("acme")).objects.has("StatefulSet/sessions"), keepsSessionsApart];
    };
    await rig.release("r1", "one", spec, servers);
    expect(await seen("r1")).toEqual([false, false]);
    expect(await seen("r1", 3)).toEqual([true, false]);
    const php = rig.api
      .all("Release")
      .map(({ status }) => (status as { rendered: { input: { sessions?: object } } }).rendered.input.sessions);
    expect(php).toMatchObject([{ image: "sessions" }]);
    expect(await seen("r1", 1)).toEqual([true, false]);
    await rig.release("r2", "two", spec, servers);
    expect(await seen("r2", 1)).toEqual([false, false]);
    await rig.release("r3", "three", spec, { php: servers.php });
    expect(await seen("r3", 2)).toEqual([false, true]);
    await rig.release("r4", "four", { ...spec, mounts: { files: {} } }, servers);
    expect(await seen("r4", 2)).toEqual([false, false]);
  });

  it("waits for no former pod of what serves: whoever looks at a thousand sites has others to see", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    const settle = (): Promise<void> => Promise.reject(new Error("it waits"));
    expect(await serveWith(rig, { ...rig.engine, settle })).toMatchObject({ released: false });
  });

  it("changes the number of copies without a release", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    await rig.serve("r1");
    await rig.serve("r1", 3);
    const { workloads } = await rig.engine.observe("acme");
    expect([workloads[0]?.wanted, ...states(rig)]).toEqual([3, "r1 serving"]);
  });

  it("puts back what can be put back, whatever else can't, and says what", async () => {
    const rig = clusterRig();
    const asked: EngineContext[] = [];
    const apply: MemoryEngine["apply"] = (...given) => rig.engine.apply(...given);
    const engine: MemoryEngine = {
      ...rig.engine,
      apply: async (namespace, step, context) => {
        asked.push(context);
        if (step.key.startsWith("PersistentVolumeClaim/")) throw new HowdahError("data/volume-missing", "it is gone");
        await apply(namespace, step, context);
      },
    };
    await rig.release("r1", "one", { runtime: { php: "8.4" }, mounts: { files: {} } });
    await rig.serve("r1");
    const { objects } = await rig.engine.inventory("acme");
    for (const key of objects.keys())
      if (/^(PersistentVolumeClaim|Service|ConfigMap)\//.test(key))
        await apply("acme", { do: key.startsWith("Persistent") ? "keep" : "delete", key, because: "test" }, quiet);
    await expect(serveWith(rig, engine)).rejects.toMatchObject({ code: "data/volume-missing" });
    const left = [...(await rig.engine.inventory("acme")).objects.keys()].filter((key) => !key.startsWith("PersistentVolumeClaim/"));
    expect(left.toSorted()).toEqual([...objects.keys()].filter((key) => !key.startsWith("PersistentVolumeClaim/")).toSorted());
    expect(asked.map(({ putsBack }) => putsBack)).not.toContain(undefined);
  });

  it("refuses a release that was changed", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one");
    const name = { resource: resources.Release, namespace: "acme", name: "r1" };
    await rig.api.mergePatch(name, { spec: { site: { name: "other" } } });
    await expect(rig.serve("r1")).rejects.toMatchObject({ code: "site/invalid" });
  });

  it("names a secret that nobody stored, before anything is touched", async () => {
    const rig = clusterRig();
    await rig.release("r1", "one", { runtime: { php: "8.4" }, variables: { TOKEN: { secret: "smtp/token" } } });
    await expect(rig.serve("r1")).rejects.toMatchObject({ code: "site/invalid" });
    expect(states(rig)).toEqual(["r1 new"]);
  });
});
