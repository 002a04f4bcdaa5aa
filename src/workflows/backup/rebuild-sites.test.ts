import { expect, it } from "vitest";
import type { EngineContext, Ports } from "../ports.ts";
import { lastSecond, rebuildSites } from "./rebuild-sites.ts";

it.each([
  { name: "none was shipped", spans: [], is: null },
  { name: "the backup is newer than what was shipped", spans: ["2026-11-22T10:00:00.000Z"], is: null },
  { name: "it ends within a second", spans: ["2026-11-22T10:05:30.400Z"], is: "2026-11-22T10:05:29.000Z" },
  { name: "it ends with a second", spans: ["2026-11-22T10:05:30.000Z"], is: "2026-11-22T10:05:29.000Z" },
  { name: "there is a gap", spans: ["2026-11-22T10:05:30.000Z", "2026-11-22T11:00:00.000Z"], is: "2026-11-22T10:59:59.000Z" },
])("the last whole second that was shipped: $name", ({ spans, is }) => {
  const found = lastSecond(
    spans.map((to) => ({ to })),
    "2026-11-22T10:05:00.000Z",
  );
  expect(found === null ? null : new Date(found).toISOString()).toBe(is);
});

/** A machine with one site, and a store with backups of three. */
function machine(): { readonly ports: Ports; readonly touched: string[] } {
  const touched: string[] = [];
  const parts = ["blog", "shop", "wiki"].map((site) => ({
    id: site,
    time: "",
    tags: ["part=manifest", `site=${site}`, `backup=${site}-1`],
  }));
  const record = { namespace: "blog", url: "http://blog.localhost", serving: {} };
  const none = { get: async () => undefined, list: async () => [] };
  const backups = {
    ...{ stores: { list: async () => [{ name: "default", location: { kind: "directory", path: "/store" } }] }, records: none },
    ...{ rebuilding: none, open: () => ({ list: async () => parts }) },
  };
  const ports = {
    ...{ machine: { uid: 0 }, clock: { now: () => 0 }, retained: none, backups },
    locks: { hold: (_namespace: string, _command: string, work: () => Promise<unknown>) => work() },
    secrets: { getOrGenerate: async () => "key", set: async () => touched.push("secret") },
    records: { get: async (name: string) => (name === "blog" ? record : undefined) },
    files: { kind: async () => "missing" },
  };
  return { ports: ports as unknown as Ports, touched };
}

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const wanted = { code: "/sites", store: undefined, backupsOnly: false };

it("leaves alone what runs here, and names every site whose code is missing", async () => {
  const { ports, touched } = machine();
  const found = await rebuildSites({ ...wanted, names: [] }, ports, context);
  expect(found).toMatchObject([
    { namespace: "blog", outcome: "there already", url: "http://blog.localhost" },
    { namespace: "shop", outcome: "failed", error: expect.stringContaining("/sites/shop") as string },
    { namespace: "wiki", outcome: "failed", error: expect.stringContaining("/sites/wiki") as string },
  ]);
  expect(touched).toEqual([]);
});

it("takes only sites that are named, and refuses a name that the store does not have", async () => {
  const { ports } = machine();
  expect((await rebuildSites({ ...wanted, names: ["blog"] }, ports, context)).map(({ namespace }) => namespace)).toEqual(["blog"]);
  await expect(rebuildSites({ ...wanted, names: ["blog", "other"] }, ports, context)).rejects.toMatchObject({
    code: "backup/unknown",
    message: expect.stringContaining("other") as string,
  });
});
