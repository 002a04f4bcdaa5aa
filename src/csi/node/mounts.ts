import { readFile } from "node:fs/promises";
import { run } from "../../providers/process.ts";
import { type MountEntry, parseMountTable } from "./mount-table.ts";

/** The machine's mounts, as the driver sees and changes them. */
export interface Mounts {
  table(): Promise<readonly MountEntry[]>;
  /** Shows a directory at another place. */
  bind(from: string, to: string): Promise<void>;
  /** Changes how one mount behaves (`ro`, `noexec`, …), not the file system behind it. */
  change(at: string, options: readonly string[]): Promise<void>;
  unmount(at: string): Promise<void>;
}

/** By the programs of util-linux. */
export const linuxMounts: Mounts = {
  table: async () => parseMountTable(await readFile("/proc/self/mountinfo", "utf8")),
  bind: async (from, to) => {
    await run(["mount", "--bind", "--", from, to]);
  },
  change: async (at, options) => {
    await run(["mount", "-o", ["remount", "bind", ...options].join(","), "--", at]);
  },
  unmount: async (at) => {
    await run(["umount", "--", at]);
  },
};
