import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { documentStore } from "./document-store.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-store-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

it("answers what was put, lists by name, and forgets what was removed", async () => {
  const store = documentStore<{ n: number }>(join(directory, "sites"));
  expect(await store.list()).toEqual([]);
  await store.put("b", { n: 2 });
  await store.put("a", { n: 1 });
  expect(await store.list()).toEqual([{ n: 1 }, { n: 2 }]);
  await store.remove("a");
  expect(await store.get("a")).toBeUndefined();
});

it("leaves no temporary file behind", async () => {
  const store = documentStore<object>(directory);
  await store.put("a", {});
  expect(await readdir(directory)).toEqual(["a.json"]);
});

it("names a damaged document instead of taking it for missing", async () => {
  await writeFile(join(directory, "a.json"), "{ half");
  await expect(documentStore(directory).get("a")).rejects.toMatchObject({ code: "machine/state-unreadable" });
});

it.each(["../etc/passwd", "Blog", "", "."])("has nothing under the name %j, and writes nothing under it", async (name) => {
  const store = documentStore<object>(directory);
  expect(await store.get(name)).toBeUndefined();
  await expect(async () => store.put(name, {})).rejects.toMatchObject({ code: "bug" });
  await expect(async () => store.remove(name)).rejects.toMatchObject({ code: "bug" });
});
