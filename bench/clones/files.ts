import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import { median, type Rig, seconds } from "./rig.ts";

const FILES = 20_000;

/** A tree of many files, copied in each way. */
export interface FileTimes {
  readonly count: number;
  readonly ways: readonly { readonly way: string; readonly seconds: number }[];
}

/** Clones uploads of 8 kB by each driver, beside `cp -a` on the same file system. */
export async function ofFiles({ btrfs, reflink, rounds, say }: Rig): Promise<FileTimes> {
  const ways: { way: string; seconds: number }[] = [];
  for (const storage of [btrfs, reflink]) {
    const volume = await storage.createVolume("uploads");
    for (let folder = 0; folder < 100; folder += 1) {
      await mkdir(join(volume, String(folder)));
      const names = Array.from({ length: FILES / 100 }, (_, at) => join(volume, String(folder), `${String(at)}.jpg`));
      await Promise.all(names.map((name) => writeFile(name, name.repeat(200).slice(0, 8192))));
    }
    const golden = await storage.snapshot("uploads", "uploads.golden");
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      times.push(await seconds(() => storage.clone("uploads.golden", "uploads.env")));
      await storage.destroy("uploads.env");
      await storage.freed();
    }
    ways.push({ way: storage.driver, seconds: median(times) });
    const target = await storage.createVolume("uploads.copy");
    ways.push({
      way: `cp -a beside ${storage.driver}`,
      seconds: await seconds(() => run(["cp", "-a", "--reflink=never", "-T", golden, target])),
    });
    for (const { id } of await storage.list()) await storage.destroy(id);
    await storage.freed();
  }
  for (const { way, seconds } of ways) say(`${String(FILES)} files, ${way}: ${seconds.toFixed(4)} s`);
  return { count: FILES, ways };
}
