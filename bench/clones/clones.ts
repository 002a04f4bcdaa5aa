import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { StorageDriver } from "../../src/providers/dataset-storage/dataset-storage.ts";
import {
  type DatasetStorageSettings,
  destroyDatasetStorage,
  openDatasetStorage,
} from "../../src/providers/dataset-storage/open-dataset-storage.ts";
import { run } from "../../src/providers/process.ts";
import { installData, killAll, startServer, TINY, TUNED } from "./bench-server.ts";
import { cloned, type CloneWay, copied, dumpAndRestore, type Measured } from "./database-ways.ts";
import { type FileTimes, ofFiles } from "./files.ts";
import { fillShop } from "./fill-shop.ts";
import type { Rig } from "./rig.ts";

/** Databases of several sizes, and a tree of many files. */
export interface CloneTimes {
  readonly sizes: readonly { readonly gigabytes: number; readonly bytes: number; readonly ways: readonly CloneWay[] }[];
  readonly files: FileTimes;
  readonly load: number;
}

const GIB = 1024 ** 3;

/** Clones databases and files by each driver beside `cp -a`, and databases beside mariadb-dump with a restore, all in one run and on the same disk. */
export async function cloneTimes(sizes: readonly number[], rounds: number, say: (line: string) => void): Promise<CloneTimes> {
  const directory = await mkdtemp(join(tmpdir(), "bench-clones-"));
  const most = Math.max(...sizes, 1);
  const xfs = join(directory, "xfs");
  try {
    await mkdir(xfs);
    await run(["truncate", "-s", String(Math.ceil((most * 3 + 2) * GIB)), `${xfs}.image`]);
    await run(["mkfs.xfs", "-q", `${xfs}.image`]);
    await run(["mount", "-o", "loop,noatime", `${xfs}.image`, xfs]);
    const btrfs = await openDatasetStorage(join(directory, "btrfs"), settings(directory, "btrfs", Math.ceil((most * 6 + 4) * GIB)));
    const reflink = await openDatasetStorage(join(xfs, "storage"), settings(directory, "reflink"));
    const rig = { directory, btrfs, reflink, say, rounds };
    const measured: CloneTimes["sizes"][number][] = [];
    for (const gigabytes of sizes) measured.push(await ofSize(gigabytes, rig));
    return { sizes: measured, files: await ofFiles(rig), load: loadavg()[0] ?? 0 };
  } finally {
    await killAll();
    await destroyDatasetStorage(join(directory, "btrfs"), settings(directory, "btrfs")).catch(() => undefined);
    await run(["umount", "--lazy", xfs], { accept: "any" }); // whoever still removes files there ends it
    await rm(directory, { recursive: true, force: true }).catch(() => undefined); // what failed before is what people must read
  }
}

function settings(directory: string, driver: StorageDriver, limitBytes?: number): DatasetStorageSettings {
  return { driver, limitBytes, lockFile: join(directory, "lock"), searchPath: process.env["PATH"] ?? "", now: () => new Date() };
}

async function ofSize(gigabytes: number, rig: Rig): Promise<CloneTimes["sizes"][number]> {
  const { btrfs, reflink, say } = rig;
  const raw = await btrfs.createVolume("raw");
  await installData(raw);
  const filling = await startServer(raw, TUNED);
  await fillShop(filling, gigabytes * GIB, say);
  await filling.stop();
  await (await startServer(raw, TINY)).stop(); // its redo log is as large as that of the clones from now on
  const golden = await btrfs.snapshot("raw", "golden");
  await run(["cp", "-a", "--reflink=never", "-T", golden, await reflink.createVolume("raw")]);
  await reflink.snapshot("raw", "golden");
  const bytes = (await btrfs.usage("golden")).totalBytes;
  const dumped = await dumpAndRestore(raw, rig);
  say(`${String(gigabytes)} GB: dump and restore took ${dumped.copySeconds.toFixed(1)} s`);
  const ways = [await cloned("btrfs", btrfs, rig), await cloned("reflink", reflink, rig), await copied(golden, rig), dumped];
  for (const storage of [btrfs, reflink]) {
    for (const id of ["raw", "golden"]) await storage.destroy(id);
    await storage.freed();
  }
  return { gigabytes, bytes, ways: ways.map((way) => ({ ...way, timesFaster: fasterThan(way, dumped) })) };
}

function fasterThan(way: Measured, dumped: Measured): CloneWay["timesFaster"] {
  return { copy: dumped.copySeconds / way.copySeconds, ready: dumped.copySeconds / (way.copySeconds + (way.startSeconds ?? 0)) };
}
