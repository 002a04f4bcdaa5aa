import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DiskSpace } from "../../plan/disk-guard/decide-disk-guard.ts";
import { isDatabaseDirectory } from "../../workflows/disk-guard/guarded-servers.ts";

/** Bytes of a server's data, by what they are. */
export interface SizesSeen {
  readonly databases: ReadonlyMap<string, number>;
  readonly ownBytes: number;
}

/** What `stat -f -c '%S %b %f %a'` says of a file system, as a program without privileges sees it. Error: `database/failed` for anything else. */
export function readRoom(output: string): DiskSpace {
  const [, block = "", all = "", free = "", available = ""] = /^(\d+) (\d+) (\d+) (\d+)\s*$/.exec(output) ?? [];
  if (block === "") throw new HowdahError("database/failed", "The volume of a database server can't be measured: stat said something else");
  const bytes = (blocks: number): number => blocks * Number(block);
  return { totalBytes: bytes(Number(all) - Number(free) + Number(available)), freeBytes: bytes(Number(available)) };
}

/**
 * What `du -k -d 1` says of a data directory. What vanishes while it reads it complains about and passes over; its last line is the sum. Error:
 * `database/failed` without that.
 */
export function readSizes(output: string, directory: string): SizesSeen {
  const databases = new Map<string, number>();
  let [sum, total] = [0, -1];
  for (const line of output.split("\n")) {
    const [, kibibytes = "", path = ""] = /^(\d+)\t(.*)$/.exec(line) ?? [];
    const bytes = Number(kibibytes) * 1024;
    const name = path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : "";
    if (path === directory) total = bytes;
    if (!isDatabaseDirectory(name)) continue;
    databases.set(name, bytes);
    sum += bytes;
  }
  if (total < 0) throw new HowdahError("database/failed", "The data of a database server can't be measured: du said something else");
  return { databases, ownBytes: Math.max(0, total - sum) };
}
