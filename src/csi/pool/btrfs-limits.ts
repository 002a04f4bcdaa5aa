import { run } from "../../providers/process.ts";
import type { SizeLimits, VolumeBytes } from "./size-limits.ts";

/**
 * Sizes as quota groups of btrfs: what a volume refers to, shared with others or not, can't be more than its size, so that a clone of 5 GB with 6 GB
 * takes one more, as on a disk of its own. Counting is switched on once for the file system that `root` lies on.
 */
export async function createBtrfsLimits(root: string): Promise<SizeLimits> {
  await run(["btrfs", "quota", "enable", root]);
  return {
    enforced: true,
    set: async (directory, bytes) => {
      await run(["btrfs", "qgroup", "limit", String(bytes), directory]);
    },
    usage: async (directory) => {
      const { stdout, stderr } = await run(["btrfs", "qgroup", "show", "-r", "-f", "--raw", directory]);
      // A big deletion may leave the counting behind; it goes on counting while it looks again.
      if (/inconsistent/.test(stderr)) await run(["btrfs", "quota", "rescan", root], { accept: "any" });
      return parseQgroups(stdout);
    },
  };
}

/** Reads the one line of a subvolume's own group: `0/257  16384  16384  1073741824`, of which the last may be `none`. */
export function parseQgroups(text: string): VolumeBytes | undefined {
  for (const line of text.split("\n")) {
    const [, used, limit] = /^0\/\d+\s+(\d+)\s+\d+\s+(\d+|none)\b/.exec(line.trim()) ?? [];
    if (used === undefined || limit === undefined || limit === "none") continue;
    return { usedBytes: Number(used), limitBytes: Number(limit) };
  }
  return undefined;
}
