import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";

/**
 * Gives every podman process that this one starts from now on an empty store of its own below `directory`: what the machine has neither helps
 * nor is touched. `remove` takes what is in it away and gives the machine's store back; the directory stays.
 */
export async function emptyStore(directory: string): Promise<{ remove(): Promise<void> }> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, "storage.conf");
  const text = [
    'driver = "overlay"',
    `graphroot = ${JSON.stringify(join(directory, "graph"))}`,
    `runroot = ${JSON.stringify(join(directory, "run"))}`,
  ];
  await writeFile(file, ["[storage]", ...text, ""].join("\n"));
  process.env["CONTAINERS_STORAGE_CONF"] = file;
  return {
    remove: async () => {
      for (const argv of [
        ["pod", "rm", "-a", "-f", "-t", "1"],
        ["rm", "-a", "-f", "-t", "1"],
        ["volume", "rm", "-a", "-f"],
      ])
        await run(["podman", ...argv], { accept: "any" });
      delete process.env["CONTAINERS_STORAGE_CONF"];
      await run(["umount", join(directory, "graph/overlay")], { accept: "any" });
    },
  };
}
