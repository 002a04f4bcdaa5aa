import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Agent } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LockedPackage } from "../image-lock.ts";
import { cachedPath, ensurePackages } from "./package-cache.ts";

const content = Buffer.from("a package's bytes, long enough to be cut in two ".repeat(40));
const sha256 = createHash("sha256").update(content).digest("hex");
const pinned = (name: string, more: Partial<LockedPackage> = {}): LockedPackage => ({
  name,
  version: "1",
  architecture: "amd64",
  archive: "debian",
  path: `pool/${name}.deb`,
  size: content.length,
  sha256,
  ...more,
});

let cache: string;
let base: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.url}${request.headers.range === undefined ? "" : ` ${request.headers.range}`}`);
  answer(request, response);
});

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "howdah-"));
  asked.length = 0;
  answer = (_, response) => response.end(content);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(cache, { recursive: true, force: true });
});

const agent = new Agent({ pipelining: 0 });
const fetchAll = (packages: readonly LockedPackage[], signal?: AbortSignal): Promise<void> =>
  ensurePackages(
    packages,
    cache,
    { sources: async () => ({ debian: [`${base}/debian`], security: [`${base}/security`], signedBy: "" }), dispatcher: agent, signal },
    { bytes: () => {}, done: () => {} },
  );
const failureOf = async (work: Promise<unknown>): Promise<HowdahError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof HowdahError)) throw new Error(`expected a named failure, got ${String(error)}`);
  return error;
};
const leftovers = async (): Promise<readonly string[]> =>
  (await readdir(cache, { recursive: true })).filter((name) => name.includes(".deb") || name.includes(".part"));

describe("package cache", () => {
  it("fetches once, verified, and asks for nothing that it has", async () => {
    await fetchAll([pinned("a")]);
    await fetchAll([pinned("a")]);
    expect(asked).toEqual(["/debian/pool/a.deb"]);
    expect(await readFile(cachedPath(cache, sha256))).toEqual(content);
  });

  it("takes nothing away before the whole package replaces it: another image may just be reading it", async () => {
    const path = cachedPath(cache, sha256);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "another");
    const seen: boolean[] = [];
    answer = (_, response) => {
      seen.push(existsSync(path));
      response.end(content);
    };
    await fetchAll([pinned("a")]);
    expect(seen).toEqual([true]);
    expect(await readFile(path)).toEqual(content);
  });

  it("names every package that the mirror has dropped", async () => {
    answer = (request, response) => {
      if (request.url?.includes("gone")) response.writeHead(404);
      response.end(content);
    };
    const other = { ...pinned("gone-b", { sha256: "1".repeat(64) }) };
    const error = await failureOf(fetchAll([pinned("a"), pinned("gone-c", { sha256: "2".repeat(64) }), other]));
    expect([error.code, error.message]).toEqual(["image/package-dropped", "No longer on the mirror: gone-b 1, gone-c 1"]);
    expect(await readFile(cachedPath(cache, sha256))).toEqual(content);
  });

  it("looks for a security update in the main archive, too", async () => {
    answer = (request, response) => {
      if (request.url?.startsWith("/security")) response.writeHead(404);
      response.end(content);
    };
    await fetchAll([pinned("a", { archive: "security", path: "pool/updates/main/a.deb" })]);
    expect(asked).toEqual(["/security/pool/updates/main/a.deb", "/debian/pool/main/a.deb"]);
  });

  it("refuses other content than the lock says and keeps nothing of it", async () => {
    answer = (_, response) => response.end(Buffer.alloc(content.length, 1));
    expect((await failureOf(fetchAll([pinned("a")]))).code).toBe("image/digest-mismatch");
    expect(await leftovers()).toEqual([]);
    answer = (_, response) => response.end(Buffer.alloc(content.length * 2, 1));
    expect((await failureOf(fetchAll([pinned("a")]))).code).toBe("image/digest-mismatch");
  });

  it("goes on where the connection broke off", async () => {
    answer = (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? -1);
      if (from >= 0) {
        response.writeHead(206, { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` });
        response.end(content.subarray(from));
        return;
      }
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100));
      setTimeout(() => response.destroy(), 100);
    };
    await fetchAll([pinned("a")]);
    expect(asked).toEqual(["/debian/pool/a.deb", "/debian/pool/a.deb bytes=100-"]);
    expect(await readFile(cachedPath(cache, sha256))).toEqual(content);
  });

  it("goes on with what a killed process has left, and starts anew when that is damaged", async () => {
    const directory = dirname(cachedPath(cache, sha256));
    for (const [left, requests] of [
      [content.subarray(0, 64), 1],
      [Buffer.alloc(64, 7), 2],
    ] as const) {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, `${sha256}.abcd.4194305.part`), left);
      answer = (request, response) => {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        response.writeHead(from > 0 ? 206 : 200);
        response.end(content.subarray(from));
      };
      asked.length = 0;
      await fetchAll([pinned("a")]);
      expect(asked[0]).toContain("bytes=64-");
      expect(asked).toHaveLength(requests);
      expect(await leftovers()).toHaveLength(1);
    }
  });

  it("tries again when a server fails, then says that the source is unreachable", async () => {
    let failures = 1;
    answer = (_, response) => {
      if (failures-- > 0) response.writeHead(503);
      response.end(content);
    };
    await fetchAll([pinned("a")]);
    expect(asked).toHaveLength(2);
    answer = (_, response) => response.destroy();
    expect((await failureOf(fetchAll([pinned("b", { sha256: "3".repeat(64) })]))).code).toBe("image/source-unreachable");
  });

  it("fetches a damaged file of the cache again", async () => {
    await fetchAll([pinned("a")]);
    await writeFile(cachedPath(cache, sha256), Buffer.alloc(content.length, 3));
    await fetchAll([pinned("a")]);
    expect(await readFile(cachedPath(cache, sha256))).toEqual(content);
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    answer = () => controller.abort();
    expect((await failureOf(fetchAll([pinned("a")], controller.signal))).code).toBe("cancelled");
  });
});
