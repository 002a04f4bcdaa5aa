import { readFile } from "node:fs/promises";

/** A file system that is mounted. */
export interface Mount {
  readonly device: string;
  /** The file system itself takes no writes, whatever the mount says: it was mounted so, or met an error. */
  readonly readOnly: boolean;
}

/** What is mounted at a directory, the last one where there are several; undefined: nothing is. */
export async function mountAt(directory: string): Promise<Mount | undefined> {
  return findMount(directory, await readFile("/proc/self/mountinfo", "utf8"));
}

/** Reads proc(5)'s mountinfo: `36 35 7:0 / /mnt rw,noatime shared:1 - btrfs /dev/loop0 rw,discard=async`. */
export function findMount(directory: string, mountinfo: string): Mount | undefined {
  const found = mountinfo.split("\n").flatMap((line) => {
    const [mount = "", system = ""] = line.split(" - ");
    const [, device = "", options = ""] = system.split(" ");
    return plain(mount.split(" ")[4] ?? "") === directory ? [{ device: plain(device), readOnly: options.split(",").includes("ro") }] : [];
  });
  return found.at(-1);
}

/** Blanks and backslashes are written as octal numbers. */
function plain(word: string): string {
  return word.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));
}
