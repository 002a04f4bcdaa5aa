import type { Stats } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CacheFact, CacheOwner } from "../../plan/prune/image-world.ts";
import type { CacheFacts } from "../image-store.ts";
import { bytesBelow } from "../../host/bytes-below.ts";
import { isAlive } from "../../host/is-alive.ts";
import { packagesIn } from "./recipes.ts";

/** What a killed process had begun to write: nobody goes on with it after that. A transfer that broke off is resumed within. */
const PART_MS = 24 * 60 * 60 * 1000;

/**
 * Everything in the cache that is made again when it is missing, with what it belongs to. Unknown names are left out, and Debian's package
 * indexes: they are small and asked for at each new lock.
 */
export async function readCache(cacheDir: string, now: number): Promise<CacheFacts> {
  const recipes = new Map<string, readonly string[]>();
  for (const name of await names(join(cacheDir, "recipes"))) {
    const packages = packagesIn(await readFile(join(cacheDir, "recipes", name), "utf8").catch(() => ""));
    if (packages !== undefined) recipes.set(name.replace(/\.json$/, ""), packages);
  }
  const lists = await Promise.all([
    layers(cacheDir, now),
    ...(await names(join(cacheDir, "packages"))).map((part) => files(cacheDir, `packages/${part}`, now, packageOwner)),
    files(cacheDir, "recipes", now, (name) => ({ kind: "recipe", recipe: name.replace(/\.json$/, "") })),
    files(cacheDir, "compressed", now, () => ({ kind: "reusable", what: "compressed copy" })),
    files(cacheDir, "compose", now, () => ({ kind: "reusable", what: "memory of a site's builds" })),
    files(cacheDir, "stat", now, () => ({ kind: "reusable", what: "memory of a tree's files" })),
    files(cacheDir, "build", now, (name) => ({ kind: "reusable", what: `cache of ${name}'s build hooks` })),
    // the directory of one Node: its time is that of the newest entry
    files(cacheDir, "compile", now, () => ({ kind: "reusable", what: "compiled code of Howdah itself" })),
    files(cacheDir, "work", now, (name) => ({ kind: "leftover", alive: isAlive(Number.parseInt(name, 10)) })),
  ]);
  return { caches: lists.flat(), recipes };
}

function packageOwner(name: string): CacheOwner | undefined {
  const sha256 = /^([0-9a-f]{64})\.deb$/.exec(name)?.[1];
  return sha256 === undefined ? undefined : { kind: "package", sha256 };
}

/** One thing for each name of a directory; those that `ownerOf` does not know are left out. */
async function files(
  cacheDir: string,
  directory: string,
  now: number,
  ownerOf: (name: string) => CacheOwner | undefined,
): Promise<readonly CacheFact[]> {
  const facts: CacheFact[] = [];
  for (const name of await names(join(cacheDir, directory))) {
    const found = await lstat(join(cacheDir, directory, name)).catch(() => undefined);
    if (found === undefined) continue;
    const owner = partOwner(name, found, now) ?? ownerOf(name);
    const bytes = found.isDirectory() ? await bytesBelow(join(cacheDir, directory, name)) : found.blocks * 512;
    if (owner !== undefined) facts.push({ id: `${directory}/${name}`, owner, bytes, usedAt: found.mtimeMs });
  }
  return facts;
}

/** All files of one layer are one thing: `HASH.gz`, `HASH.json`, `HASH.tar` and what was read from it. */
async function layers(cacheDir: string, now: number): Promise<readonly CacheFact[]> {
  const facts = new Map<string, CacheFact>();
  for (const name of await names(join(cacheDir, "layers"))) {
    const [hash = ""] = name.split(".");
    const found = await lstat(join(cacheDir, "layers", name)).catch(() => undefined);
    if (found === undefined || !/^[0-9a-f]{64}$/.test(hash)) continue;
    const part = partOwner(name, found, now);
    const configuration: CacheOwner | undefined = name.endsWith(".config") ? { kind: "configuration", imageId: hash } : undefined;
    const single = part ?? configuration;
    const id = single === undefined ? `layers/${hash}` : `layers/${name}`;
    const before = facts.get(id) ?? { id, owner: single ?? { kind: "layer", diffId: `sha256:${hash}` }, bytes: 0, usedAt: 0 };
    facts.set(id, { ...before, bytes: before.bytes + found.blocks * 512, usedAt: Math.max(before.usedAt, found.mtimeMs) });
  }
  return [...facts.values()];
}

/** Whether a file is one that is being written: `….part`, packages' with the number of the process. */
function partOwner(name: string, found: Stats, now: number): CacheOwner | undefined {
  if (!name.endsWith(".part")) return undefined;
  const pid = Number(/\.(\d+)\.part$/.exec(name)?.[1]);
  return { kind: "leftover", alive: (pid > 0 && isAlive(pid)) || now - found.mtimeMs < PART_MS };
}

function names(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
