import { chmod } from "node:fs/promises";
import { run } from "../../process.ts";
import { isThere, removeTree, syncTree } from "../plain-trees.ts";
import type { TreeCopier } from "../tree-copier.ts";
import { nestedSubvolumes } from "./nested-subvolumes.ts";

/**
 * Copies whole subvolumes: three milliseconds whatever is in them, of one moment even while they are written to. Files keep their checksums:
 * `nodatacow` is never set.
 */
export const btrfsTrees: TreeCopier = {
  driver: "btrfs",
  atomicSnapshot: true,
  cloneCost: "constant",
  create: async (path) => {
    await run(["btrfs", "subvolume", "create", "--", path]);
    await chmod(path, 0o755);
  },
  copy: async (from, to, { readOnly, signal }) => {
    await run(["btrfs", "subvolume", "snapshot", ...(readOnly ? ["-r"] : []), "--", from, to], { signal });
  },
  needs: async () => 0,
  remove,
  usage: async (path, signal) => {
    const { stdout } = await run(["btrfs", "filesystem", "du", "-s", "--raw", "--", path], { signal });
    const [totalBytes = 0, ownBytes = 0] = (stdout.trim().split("\n").at(-1) ?? "").trim().split(/\s+/).map(Number);
    return { ownBytes, totalBytes };
  },
  sync: syncTree,
};

/** Whoever may write to a directory of btrfs may make subvolumes in it, and then it can't be deleted: those go first, the deepest before the others. */
async function remove(path: string): Promise<void> {
  if (!(await isThere(path))) return;
  const removed = await run(["btrfs", "subvolume", "delete", "--", path], { accept: "any" });
  if (removed.code === 0 || !(await isThere(path))) return;
  for (const id of await nestedSubvolumes(path)) await run(["btrfs", "subvolume", "delete", "-i", id, "--", path], { accept: "any" });
  if ((await run(["btrfs", "subvolume", "delete", "--", path], { accept: "any" })).code !== 0) await removeTree(path);
}
