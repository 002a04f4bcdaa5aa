import { expect, it } from "vitest";
import type { Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { databaseImage } from "./database-image.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const digest = `sha256:${"a".repeat(64)}`;

function rig() {
  const made: unknown[] = [];
  const pushed: unknown[] = [];
  const ports = {
    clock: { now: () => 0 },
    testLocks: memoryDocuments(),
    machine: { uid: 0 },
    images: {
      lock: async ({ images }: { images: readonly object[] }) => ({ images: images.map((request) => ({ request, packages: [] })) }),
      ensureBase: async (request: object) => {
        made.push(request);
        return { reference: "localhost/base:1" };
      },
      export: async () => ({ manifest: { digest }, config: { digest, size: 0, bytes: Buffer.alloc(0) }, layers: [] }),
    },
    registry: {
      push: async (_image: object, { path, tags, ...rest }: { path: string; tags: readonly string[]; registry: string }) => {
        pushed.push(tags);
        return { repository: `${rest.registry}/${path}`, digest, bytes: { sent: 0 } };
      },
    },
  };
  return { made, pushed, ports: ports as never as Ports };
}

it.each([
  ["galera", "11.8", { kind: "galera", version: "11.8" }, ["11.8"]],
  ["galera", "10.11", { kind: "galera", version: "10.11" }, ["10.11"]],
  ["haproxy", "11.8", { kind: "haproxy" }, ["latest"]],
])("makes and pushes %s %s, and answers its digest", async (part, version, request, tags) => {
  const { ports, made, pushed } = rig();
  const { reference } = await databaseImage({ part, version, repository: "registry.test/howdah/image" }, ports, context);
  expect(reference).toBe(`registry.test/howdah/image@${digest}`);
  expect([made, pushed]).toEqual([[request], [tags]]);
});

it.each([
  ["galera", "10.5", "registry.test/a/b"],
  ["galera", "latest", "registry.test/a/b"],
  ["proxysql", "11.8", "registry.test/a/b"],
  ["haproxy", "11.8", "not a repository"],
])("refuses %s %s to %s", async (part, version, repository) => {
  const { ports, pushed } = rig();
  await expect(databaseImage({ part, version, repository }, ports, context)).rejects.toMatchObject({ code: "usage/invalid" });
  expect(pushed).toEqual([]);
});
