import { describe, expect, it } from "vitest";
import type { HttpRoute } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import { tinySurroundings } from "../contract-objects.ts";
import { routesOf } from "./edge-routes.ts";
import type { ReadyMark } from "./ready-marks.ts";
import { type NamespaceState, withObject } from "./state-store.ts";

const labels = { "app.kubernetes.io/name": "tiny" };
const mark = (address: string, change: Partial<ReadyMark> = {}): ReadyMark => ({
  namespace: "blog",
  pod: address,
  labels,
  address,
  pid: 1,
  ...change,
});
const state: NamespaceState = tinySurroundings("blog.localhost").reduce((before, desired) => withObject(before, desired, true), {
  version: 1,
  down: false,
  objects: {},
} as NamespaceState);

describe("the routes of a namespace", () => {
  it.each<{ name: string; marks: ReadyMark[]; state?: NamespaceState; addresses: string[] }>([
    { name: "lead to ready pods, sorted", marks: [mark("10.0.0.3"), mark("10.0.0.2")], addresses: ["10.0.0.2", "10.0.0.3"] },
    { name: "never lead to another namespace", marks: [mark("10.0.0.2", { namespace: "other" })], addresses: [] },
    { name: "lead to pods of the Service's selector only", marks: [mark("10.0.0.2", { labels: { a: "b" } })], addresses: [] },
    {
      name: "leave out a pod in doubt while another is ready",
      marks: [mark("10.0.0.2", { doubt: "port 8081 does not answer in time" }), mark("10.0.0.3")],
      addresses: ["10.0.0.3"],
    },
    {
      name: "keep the last pod, though in doubt",
      marks: [mark("10.0.0.2", { doubt: "port 8081 does not answer in time" })],
      addresses: ["10.0.0.2"],
    },
    { name: "lead nowhere while the site is down", marks: [mark("10.0.0.2")], state: { ...state, down: true }, addresses: [] },
  ])("$name", ({ marks, state: other = state, addresses }) => {
    const backends = addresses.map((address) => ({ address, port: 8080 }));
    expect(routesOf("blog", other, marks)).toEqual([{ namespace: "blog", name: "tiny", hostnames: ["blog.localhost"], backends }]);
  });

  it.each<[string, Record<string, string>, NamespaceState["idle"], object]>([
    [
      "say where visits are marked, and lead on",
      { "howdah.dev/idle-after": "60" },
      undefined,
      { visits: "/run/visits.blog", wakes: "people" },
    ],
    [
      "hold visitors while the site sleeps",
      { "howdah.dev/idle-after": "60", "howdah.dev/idle-wakes": "anyone" },
      { since: "2026" },
      { visits: "/run/visits.blog", wakes: "anyone", wake: "/run/wake.sock" },
    ],
    ["hold them also when a person put it to sleep", {}, { since: "2026" }, { wakes: "people", wake: "/run/wake.sock" }],
  ])("%s", (_name, annotations, idle, expected) => {
    const route = state.objects["HTTPRoute/tiny"]?.object as HttpRoute;
    const changed = withObject(state, rendered({ ...route, metadata: { ...route.metadata, annotations } }), true);
    const [seen] = routesOf("blog", { ...changed, ...(idle === undefined ? {} : { idle }) }, [mark("10.0.0.2")]);
    expect(seen?.idle).toEqual(expected);
    expect(seen?.backends).toHaveLength(idle === undefined ? 1 : 0);
  });

  it("carry the wish for TLS", () => {
    const route = state.objects["HTTPRoute/tiny"]?.object as HttpRoute;
    const metadata = { ...route.metadata, annotations: { "howdah.dev/tls": "local" } };
    expect(routesOf("blog", withObject(state, rendered({ ...route, metadata }), true), [])).toMatchObject([{ tls: "local" }]);
  });
});
