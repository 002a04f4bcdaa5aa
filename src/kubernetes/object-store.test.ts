import { expect, it } from "vitest";
import type { KubeObject } from "./kubernetes-api.ts";
import { keyOf, ObjectStore } from "./object-store.ts";

function object(name: string, version: string, more: Partial<{ uid: string; labels: Record<string, string> }> = {}): KubeObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { namespace: "blog", name, uid: `uid-${name}`, resourceVersion: version, ...more } };
}

/** A store that notes what its listener is told. */
function rig() {
  const store = new ObjectStore({ app: ({ metadata }) => [metadata.labels?.["app"]].filter((value) => value !== undefined) });
  const told: string[] = [];
  store.listen((keys) => told.push([...keys].sort().join(" ")));
  return { store, told };
}

it("names objects of the cluster without a namespace", () => {
  expect([keyOf({ name: "a" }), keyOf({ namespace: "blog", name: "a" })]).toEqual(["a", "blog/a"]);
});

it("tells keys after it has changed, and nothing for a version that it has", () => {
  const { store, told } = rig();
  let seen: string | undefined;
  store.listen(([key = ""]) => {
    seen = store.get(key)?.metadata.resourceVersion;
  });
  store.put(object("a", "1"));
  store.put(object("a", "1"));
  store.put(object("a", "2"));
  expect([told, seen]).toEqual([["blog/a", "blog/a"], "2"]);
});

it("tells what a listing no longer has, what it changed, and not what is the same", () => {
  const { store, told } = rig();
  store.replace([object("gone", "1"), object("same", "2"), object("other", "3")]);
  store.replace([object("same", "2"), object("other", "4"), object("new", "5")]);
  expect(told).toEqual(["blog/gone blog/other blog/same", "blog/gone blog/new blog/other"]);
  expect(
    store
      .all()
      .map(({ metadata }) => metadata.name)
      .sort(),
  ).toEqual(["new", "other", "same"]);
});

it("does not forget an object that was made anew when the end of the former is told late", () => {
  const { store, told } = rig();
  store.put(object("a", "5", { uid: "second" }));
  store.drop(object("a", "4", { uid: "first" }));
  expect([store.size, told]).toEqual([1, ["blog/a"]]);
  store.drop(object("a", "6", { uid: "second" }));
  expect([store.size, told]).toEqual([0, ["blog/a", "blog/a"]]);
});

it("finds objects by an index, as it is now", () => {
  const { store } = rig();
  const names = (value: string): string[] => store.select("app", value).map(({ metadata }) => metadata.name);
  store.put(object("a", "1", { labels: { app: "web" } }));
  store.put(object("b", "2", { labels: { app: "web" } }));
  store.put(object("a", "3", { labels: { app: "php" } }));
  expect([names("web"), names("php"), names("none")]).toEqual([["b"], ["a"], []]);
  store.replace([]);
  expect([names("web"), names("php")]).toEqual([[], []]);
  expect(() => store.select("nope", "x")).toThrow("no index nope");
});

it("keeps unknown fields and leaves managedFields out", () => {
  const { store } = rig();
  const whole = { ...object("a", "1"), future: { x: 1 } };
  store.put({ ...whole, metadata: { ...whole.metadata, managedFields: [1] } as KubeObject["metadata"] });
  expect(store.get("blog/a")).toEqual(whole);
});
