import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { senderNamespace } from "../../render/data-move/move-company.ts";
import { receiverJob, senderJob } from "../../render/data-move/move-jobs.ts";
import { clearLeftovers, movesUnderWay, removeSenderNamespace } from "./collect-moves.ts";
import { holdForCutOver } from "./hold-for-cut-over.ts";

const NOW = Date.parse("2026-11-21T22:00:00Z");
const me = "eve@laptop 10-100";
const signal = new AbortController().signal;
const context = { emit: () => {}, signal };

const ports = {
  clock: { now: () => NOW, sleep: () => Promise.resolve() },
  machine: { isProcessAlive: (identity: string) => Promise.resolve(identity === "11-110") },
} as unknown as Parameters<typeof clearLeftovers>[2];

function move(by: string, secondsAgo: number) {
  return { id: "a1", image: "i", by, now: new Date(NOW - secondsAgo * 1000).toISOString() };
}

describe("what killed commands left", () => {
  const wanted = { namespace: "blog", claim: "uploads", by: me };
  const receiver = { namespace: "blog", claim: "uploads", node: undefined, pulls: false };

  it.each([
    { name: "a command of this machine that is dead", by: "eve@laptop 12-120", ago: 5, goes: true },
    { name: "a command of this machine that lives", by: "eve@laptop 11-110", ago: 500, goes: false },
    { name: "another machine that says it lives", by: "bob@desk 12-120", ago: 60, goes: false },
    { name: "another machine that is silent", by: "bob@desk 12-120", ago: 120, goes: true },
  ])("of $name: goes $goes", async ({ by, ago, goes }) => {
    const api = memoryApi();
    await api.create(resources.Job, receiverJob(move(by, ago), receiver));
    const clearing = clearLeftovers(api, wanted, ports, context);
    if (goes) await clearing;
    else await expect(clearing).rejects.toMatchObject({ code: "cluster/conflict" });
    expect(api.all("Job")).toHaveLength(goes ? 0 : 1);
  });

  it("leaves other volumes alone, and takes dead senders away", async () => {
    const api = memoryApi();
    await api.create(resources.Job, receiverJob(move("eve@laptop 12-120", 5), { ...receiver, claim: "media" }));
    await api.create(resources.Job, senderJob(move("bob@desk 1-1", 500), { node: "n1", path: "/srv" }));
    await clearLeftovers(api, wanted, ports, context);
    expect(api.all("Job").map(({ metadata }) => metadata.name)).toEqual(["howdah-data-receiver-a1"]);
  });

  it.each([
    { name: "nothing where none ever was", jobs: null, found: { alive: 0, left: false } },
    { name: "one that says it lives", jobs: [5], found: { alive: 1, left: false } },
    { name: "the namespace of one that was killed", jobs: [500], found: { alive: 0, left: true } },
    { name: "the namespace alone", jobs: [], found: { alive: 0, left: true } },
  ])("doctor finds $name", async ({ jobs, found }) => {
    const api = memoryApi();
    if (jobs !== null) await api.apply(resources.Namespace, senderNamespace({ now: "2026-11-21T21:00:00Z" }));
    for (const ago of jobs ?? []) await api.create(resources.Job, senderJob(move("bob@desk 1-1", ago), { node: "n1", path: "/srv" }));
    expect(await movesUnderWay(api, NOW, signal)).toEqual(found);
  });

  it("deletes the senders' namespace when nothing is in it, and never one of somebody else", async () => {
    const api = memoryApi();
    const job = senderJob(move(me, 0), { node: "n1", path: "/srv" });
    await api.apply(resources.Namespace, senderNamespace({ now: "2026-11-21T22:00:00Z" }));
    const made = await api.create(resources.Job, job);
    await removeSenderNamespace(api, signal);
    expect(api.all("Namespace")).toHaveLength(1);
    const name = { resource: resources.Job, namespace: "howdah-data", name: made.metadata.name };
    await api.delete(name, { preconditions: { uid: made.metadata.uid ?? "" } });
    await removeSenderNamespace(api, signal);
    expect(api.all("Namespace")).toHaveLength(0);
    await api.apply(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "howdah-data" } });
    await removeSenderNamespace(api, signal);
    expect(api.all("Namespace")).toHaveLength(1);
  });
});

describe("the cut-over", () => {
  const environment = (more: object = {}): KubeObject => ({
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Environment",
    metadata: { name: "production", namespace: "blog" },
    spec: { site: "blog", ...more },
  });

  it.each([
    { name: "lets visitors in after the work", fails: false, suspend: undefined },
    { name: "lets visitors in when the work fails", fails: true, suspend: undefined },
    { name: "leaves an environment suspended that was", fails: false, suspend: true },
  ])("$name", async ({ fails, suspend }) => {
    const api = memoryApi();
    await api.apply(resources.Environment, environment(suspend === undefined ? {} : { suspend }));
    const did: string[] = [];
    const engine = {
      hold: (_namespace: string, wanted: object | null) => Promise.resolve(void did.push(wanted === null ? "let in" : "hold")),
    };
    const work = async (): Promise<string> => {
      did.push("work");
      expect(api.all("Environment")[0]?.["spec"]).toMatchObject({ suspend: true });
      if (fails) throw new Error("no");
      return "done";
    };
    const held = holdForCutOver({ api, engine, namespace: "blog" }, context, work);
    if (fails) await expect(held).rejects.toThrow("no");
    else expect(await held).toBe("done");
    expect(did).toEqual(["hold", "work", "let in"]);
    const [after] = api.all("Environment");
    expect(after?.["spec"]).toEqual({ site: "blog", ...(suspend === undefined ? {} : { suspend }) });
    expect(after?.metadata.annotations ?? {}).toEqual({});
  });

  it("knows what was before when an earlier one was killed in the middle", async () => {
    const api = memoryApi();
    const killed = environment({ suspend: true });
    await api.apply(resources.Environment, {
      ...killed,
      metadata: { ...killed.metadata, annotations: { "howdah.dev/data-held": "false" } },
    });
    await holdForCutOver({ api, engine: { hold: () => Promise.resolve() }, namespace: "blog" }, context, () => Promise.resolve());
    expect(api.all("Environment")[0]?.["spec"]).toEqual({ site: "blog" });
  });

  it("says that nobody is kept out where no operator runs the site", async () => {
    const said: string[] = [];
    const emit = (event: { readonly type: string }): unknown => said.push(event.type);
    const engine = { hold: () => Promise.reject(new Error("held")) };
    expect(await holdForCutOver({ api: memoryApi(), engine, namespace: "blog" }, { emit, signal }, () => Promise.resolve(1))).toBe(1);
    expect(said).toEqual(["notice"]);
  });
});
