import { bytesOfTree, copyTree, freezeTree, makeTree, removeTree, syncTree } from "../plain-trees.ts";
import type { TreeCopier } from "../tree-copier.ts";

/** Copies byte by byte: works on any file system, takes the whole time and room each time. */
export const copyTrees: TreeCopier = {
  driver: "copy",
  atomicSnapshot: false,
  cloneCost: "bytes",
  create: makeTree,
  copy: async (from, to, { readOnly, signal }) => {
    await copyTree(from, to, "never", signal);
    if (readOnly) await freezeTree(to);
  },
  needs: bytesOfTree,
  remove: removeTree,
  usage: async (path, signal) => {
    const bytes = await bytesOfTree(path, signal);
    return { ownBytes: bytes, totalBytes: bytes };
  },
  sync: syncTree,
};
