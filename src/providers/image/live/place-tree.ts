import { chmodSync, linkSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { contentHash } from "../content-hash.ts";
import { copySourceFileSync, readSourceFileSync } from "../open-source-file.ts";
import { hashFile, type SiteEntry, WHOLE_BYTES } from "../site-tree.ts";
import type { Tree, TreeChanges } from "./tree-changes.ts";

/** Where a tree is placed. */
export interface Place {
  readonly root: string;
  /** A path on the same file system for a file that is being written. */
  readonly part: string;
  /** A tree that lies beside it: its files are linked instead of written again. Nothing is ever written into a file that is there. */
  readonly beside?: { readonly root: string; readonly tree: Tree };
}

/** Entries between two looks at the rest of the world. */
const AT_ONCE = 200;

/**
 * Carries changes out: what is new first, what goes last, since code that is being removed may be in use by code that is not yet replaced.
 * A file comes by rename: whoever opens it gets the former one or the new one, whole. `placed` is what lies there, kept true after each step,
 * so that what was cut off is gone on with; its hashes are of the bytes that were written. Synchronous calls: for thousands of small files a
 * promise each costs ten times the work.
 */
export async function placeTree(placed: Map<string, SiteEntry>, changes: TreeChanges, place: Place, signal?: AbortSignal): Promise<void> {
  rmSync(place.part, { force: true }); // what a cut-off one left may be a second name of a file that is in use
  let done = 0;
  const rest = async (): Promise<void> => {
    if (++done % AT_ONCE === 0) await breathe();
    signal?.throwIfAborted();
  };
  for (const entry of changes.write) {
    await rest();
    clear(placed, entry, place.root);
    placed.set(entry.path, await write(entry, place));
  }
  for (const path of changes.remove) {
    await rest();
    if (placed.delete(path)) rmSync(join(place.root, path), { recursive: true, force: true });
  }
}

/** A directory can't be renamed over, nor made where a file lies. */
function clear(placed: Map<string, SiteEntry>, entry: SiteEntry, root: string): void {
  const there = placed.get(entry.path);
  if (there === undefined || (there.type === "directory") === (entry.type === "directory")) return;
  rmSync(join(root, entry.path), { recursive: true, force: true });
  for (const path of [...placed.keys()]) if (path === entry.path || path.startsWith(`${entry.path}/`)) placed.delete(path);
}

async function write(entry: SiteEntry, { root, part, beside }: Place): Promise<SiteEntry> {
  const target = join(root, entry.path);
  if (entry.type === "directory") {
    mkdirSync(target, { recursive: true });
    chmodSync(target, 0o755); // the servers' users read it, whatever this process's umask says
    return entry;
  }
  if (entry.type === "symlink") {
    symlinkSync(entry.target, part);
    renameSync(part, target);
    return entry;
  }
  const twin = beside?.tree.get(entry.path);
  if (beside !== undefined && twin?.type === "file" && twin.sha256 === entry.sha256 && twin.executable === entry.executable) {
    linkSync(join(beside.root, entry.path), part);
    renameSync(part, target);
    return entry;
  }
  const sha256 = await copy(entry, part);
  chmodSync(part, entry.executable ? 0o755 : 0o644);
  renameSync(part, target);
  return { ...entry, sha256 };
}

/** The hash of what was written: the file may have changed since the tree was read. */
async function copy(entry: Extract<SiteEntry, { type: "file" }>, to: string): Promise<string> {
  if ("file" in entry.from && entry.size > WHOLE_BYTES) {
    copySourceFileSync(entry.from.file, to);
    return (await hashFile(realpathSync(to), entry.size)).sha256;
  }
  const bytes = "file" in entry.from ? readSourceFileSync(entry.from.file) : Buffer.from(entry.from.content);
  writeFileSync(to, bytes);
  return contentHash(bytes);
}
