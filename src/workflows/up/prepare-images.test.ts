import { expect, it } from "vitest";
import { siteOf } from "../cluster/testing/cluster-rig.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { prepareBases } from "./prepare-images.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };

function rig() {
  const made: string[] = [];
  const ports = {
    records: memoryDocuments(),
    retained: memoryDocuments(),
    databaseServers: memoryDocuments<DatabaseServerDocument>(),
    sharedImages: memoryDocuments(),
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

it("makes images for wherever they go: the server may be a cluster's", async () => {
  const { made, ports } = rig();
  const bases = await prepareBases(site, "howdah.lock", ports, { ...context, isForAnywhere: true });
  expect([bases.php, bases.databaseWay]).toEqual(["php:1", undefined]);
  expect(made.toSorted()).toEqual(["mariadb", "nginx", "nginx", "php"]);
});
