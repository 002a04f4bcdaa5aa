import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetStorage } from "../../src/providers/dataset-storage/dataset-storage.ts";
import { run } from "../../src/providers/process.ts";
import { debianPrograms } from "../../test/support/debian-programs.ts";
import { installData, startServer, TINY, TUNED } from "./bench-server.ts";
import { median, type Rig, seconds } from "./rig.ts";

/** One way to a second database that answers. Seconds; medians where there were several rounds. */
export interface CloneWay {
  readonly way: "btrfs" | "reflink" | "cp -a" | "dump and restore";
  readonly rounds: number;
  /** Until the files are there. */
  readonly copySeconds: number;
  /** From there to the first row that the server answered; null: it was restored into a running one. */
  readonly startSeconds: number | null;
  /** How many times faster than dump and restore: the files alone, and with the start. */
  readonly timesFaster: { readonly copy: number; readonly ready: number };
  /** What only the clone holds, before and after the start; null where it is a whole copy. */
  readonly ownBytes: { readonly before: number; readonly after: number } | null;
}

/** What is measured; the ratios come when all are. */
export type Measured = Omit<CloneWay, "timesFaster">;

/** Clones of a snapshot `golden`, each started once. */
export async function cloned(way: "btrfs" | "reflink", storage: DatasetStorage, { rounds, say }: Rig): Promise<Measured> {
  const copies: number[] = [];
  const starts: number[] = [];
  let ownBytes: Measured["ownBytes"] = null;
  for (let round = 0; round < rounds; round += 1) {
    const id = `env.${String(round)}`;
    copies.push(await seconds(() => storage.clone("golden", id)));
    const directory = await storage.directory(id);
    const before = round === 0 ? (await storage.usage(id)).ownBytes : 0;
    const server = await startServer(directory, TINY);
    starts.push(server.readySeconds);
    if (round === 0) {
      await run(["sync", "-f", directory]);
      ownBytes = { before, after: (await storage.usage(id)).ownBytes };
    }
    await server.kill();
    await storage.destroy(id);
  }
  await storage.freed();
  say(`${way}: ${median(copies).toFixed(4)} s, and ${median(starts).toFixed(3)} s to the first row`);
  return { way, rounds, copySeconds: median(copies), startSeconds: median(starts), ownBytes };
}

/** Three times are enough: it takes seconds. */
export async function copied(golden: string, { btrfs, say }: Rig): Promise<Measured> {
  const copies: number[] = [];
  const starts: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const target = await btrfs.createVolume("copy");
    copies.push(await seconds(() => run(["cp", "-a", "--reflink=never", "-T", golden, target])));
    const server = await startServer(target, TINY);
    starts.push(server.readySeconds);
    await server.kill();
    await btrfs.destroy("copy");
    await btrfs.freed();
  }
  say(`cp -a: ${median(copies).toFixed(2)} s`);
  return { way: "cp -a", rounds: 3, copySeconds: median(copies), startSeconds: median(starts), ownBytes: null };
}

/** Into a server that is there and has what makes it fast. */
export async function dumpAndRestore(raw: string, { btrfs, directory }: Rig): Promise<Measured> {
  const client = await debianPrograms(["mariadb-client", "mariadb-client-core"]);
  if (client === undefined) throw new Error("Debian's mariadb-client can't be fetched: there is no mariadb-dump to compare with");
  const file = join(directory, "dump.sql");
  const program = (name: string): string => join(client.root, "usr/bin", name);
  const target = await btrfs.createVolume("restored");
  await installData(target);
  const [source, restored] = [await startServer(raw, TUNED), await startServer(target, TUNED)];
  try {
    await restored.query("CREATE DATABASE shop");
    const dump = [
      program("mariadb-dump"),
      "--no-defaults",
      `--socket=${source.socket}`,
      "--single-transaction",
      "--quick",
      `--result-file=${file}`,
    ];
    const took = await seconds(() => run([...dump, "shop"], { env: { ...client.env } }));
    const load = [program("mariadb"), "--no-defaults", `--socket=${restored.socket}`, "shop"];
    const back = await seconds(() => run(load, { env: { ...client.env }, input: createReadStream(file) }));
    return { way: "dump and restore", rounds: 1, copySeconds: took + back, startSeconds: null, ownBytes: null };
  } finally {
    for (const server of [source, restored]) await server.kill();
    await rm(file, { force: true });
    await btrfs.destroy("restored");
    await btrfs.freed();
    await client.remove();
  }
}
