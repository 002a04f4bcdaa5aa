import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { hostnamesOf } from "../../kubernetes/route-hostnames.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { HttpRoute, Rendered } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import { tinySurroundings } from "../contract-objects.ts";
import { behave } from "../testing/behave.ts";
import { holderBefore } from "./hostname-claims.ts";
import { mark } from "./marks.ts";
import { simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };

function route(namespace: string, made: string, uid: string, claimed?: string): KubeObject {
  const annotations = claimed === undefined ? {} : { [mark.claimed]: claimed };
  return { apiVersion: "g/v1", kind: "HTTPRoute", metadata: { name: "tiny", namespace, creationTimestamp: made, uid, annotations } };
}

describe("a hostname that two namespaces claim", () => {
  const [early, late] = ["2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z"];

  it.each<{ name: string; first: KubeObject; second: KubeObject }>([
    { name: "who claimed it first", first: route("a", late, "9", early), second: route("b", early, "1", late) },
    { name: "whose route is older, when an older version wrote both", first: route("a", early, "9"), second: route("b", late, "1") },
    { name: "the smaller uid, of the same time", first: route("a", early, "1", early), second: route("b", early, "9", early) },
    { name: "who had it before the other was written", first: route("a", early, "9"), second: route("b", late, "1", late) },
  ])("belongs to $name, whoever looks", ({ first, second }) => {
    expect(holderBefore([first], [second])).toBeUndefined();
    expect(holderBefore([second], [first])).toBe("a");
  });

  it("belongs to whoever has it, for one that has not", () => {
    expect([holderBefore([], [route("b", late, "1")]), holderBefore([], [])]).toEqual(["b", undefined]);
  });
});

/** Two sites that share a hostname, on a cluster whose watches hear of routes when `hear` says so. */
async function race(more: Readonly<Record<string, readonly string[]>> = {}) {
  const cluster = await simulatedCluster(behave);
  let known: readonly KubeObject[] = [];
  const engine = simulatedEngine(cluster, cluster.api, (hostname) => known.filter((one) => hostnamesOf(one).includes(hostname)));
  const routeOf = (namespace: string): Rendered<HttpRoute> => {
    const found = tinySurroundings("shared.test").find(({ key }) => key === "HTTPRoute/tiny") as Rendered<HttpRoute>;
    const hostnames = ["shared.test", ...(more[namespace] ?? [])];
    return rendered({ ...found.object, spec: { ...found.object.spec, hostnames } });
  };
  for (const namespace of ["one", "two"]) await engine.prepare(namespace, context);
  /** What an operator's look does of it: what is to be done, then each step. */
  const look = async (namespace: string): Promise<string> => {
    const desired = [routeOf(namespace)];
    try {
      for (const step of planObjects(desired, await engine.inventory(namespace, desired))) await engine.apply(namespace, step, context);
      return "serves";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const served = (): readonly string[] =>
    cluster.api.all("HTTPRoute").map((one) => `${one.metadata.namespace ?? ""}: ${hostnamesOf(one).join(" ")}`);
  return { look, served, hear: () => void (known = cluster.api.all("HTTPRoute")), writes: cluster.api.writes };
}

describe("two sites that claim a hostname before the watches know of either", () => {
  it.each([
    { name: "the later one is looked at first", order: ["two", "one"] },
    { name: "the earlier one is looked at first", order: ["one", "two"] },
  ])("end with the earlier one, when $name, and nothing is written any more", async ({ order }) => {
    const { look, served, hear, writes } = await race();
    expect([await look("one"), await look("two")]).toEqual(["serves", "serves"]);
    hear();
    const said: Record<string, string> = {};
    for (const namespace of order) said[namespace] = await look(namespace);
    expect(said).toEqual({ one: "serves", two: 'shared.test belongs to "one" already' });
    expect(served()).toEqual(["one: shared.test"]);
    hear();
    const before = writes.length;
    for (const namespace of order) await look(namespace);
    expect(writes).toHaveLength(before);
  });

  it("keep the hostnames that nobody else claims", async () => {
    const { look, served, hear, writes } = await race({ two: ["two.test"] });
    for (const namespace of ["one", "two"]) await look(namespace);
    hear();
    expect(await look("two")).toBe('shared.test belongs to "one" already');
    expect(served()).toEqual(["one: shared.test", "two: two.test"]);
    hear();
    const before = writes.length;
    expect(await look("two")).toBe('shared.test belongs to "one" already');
    expect(writes).toHaveLength(before);
  });

  it("are refused as before when the first is known: nothing is written", async () => {
    const { look, served, hear } = await race();
    await look("one");
    hear();
    expect(await look("two")).toBe('shared.test belongs to "one" already');
    expect(served()).toEqual(["one: shared.test"]);
  });
});
