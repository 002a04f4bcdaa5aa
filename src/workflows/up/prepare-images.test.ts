import { expect, it } from "vitest";
import { siteOf } from "../cluster/testing/cluster-rig.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { prepareBases, siteImageRequest } from "./prepare-images.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };

function rig() {
  const made: string[] = [];
  const ports = {
    records: memoryDocuments(),
    retained: memoryDocuments(),
    databaseServers: memoryDocuments<DatabaseServerDocument>(),
    sharedImages: memoryDocuments(),
    locks: { hold: (_namespace: string, _what: string, work: () => Promise<unknown>) => work() },
    files: { read: async () => undefined, write: async () => undefined },
    images: {
      lock: async () => ({ version: 1, images: [] }),
      ensureBase: async ({ kind }: { kind: string }) => {
        made.push(kind);
        return { reference: `${kind}:1` };
      },
      exists: async () => true,
    },
  } as never as Ports;
  return { made, ports };
}

const site = siteOf("blog", { runtime: { php: "8.4" }, database: { server: "main" } });

it("refuses a site of this machine whose server is not here, before anything is built", async () => {
  const { made, ports } = rig();
  await expect(prepareBases(site, "howdah.lock", ports, context)).rejects.toMatchObject({ code: "database/server-unknown" });
  expect(made).toEqual([]);
});

it("makes images for wherever they go: a server that is named may be a cluster's, which needs no image of this site", async () => {
  const { made, ports } = rig();
  const bases = await prepareBases(site, "howdah.lock", ports, { ...context, isForAnywhere: true });
  expect([bases.php, bases.database, bases.databaseWay]).toEqual(["php:1", null, undefined]);
  expect(made.toSorted()).toEqual(["nginx", "nginx", "php"]);
});

it("makes the image of the server that sites of a version share for a site that names none", async () => {
  const { made, ports } = rig();
  const shared = siteOf("blog", { runtime: { php: "8.4" }, database: {} });
  const bases = await prepareBases(shared, "howdah.lock", ports, { ...context, isForAnywhere: true });
  expect(bases.database).toBe("mariadb:1");
  expect(made.toSorted()).toEqual(["mariadb", "nginx", "nginx", "php"]);
});

it("what a branch's build hooks leave in their caches is never there in production's builds", () => {
  const production = siteOf("shop", { hooks: { build: [["npm", "ci"]] } });
  const preview = { of: "shop", allow: [], password: false, databaseBytes: 1, data: { database: null, mounts: {} } };
  const request = (one: typeof production) => siteImageRequest(one, "/srv", { web: "w", php: null });
  expect(request(production)).not.toHaveProperty("hookCache");
  expect(request({ ...production, name: "shop--pr-1", preview })).toMatchObject({ site: "shop", hookCache: "shop--pr-1" });
});
