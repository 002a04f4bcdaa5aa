import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  destroyDatasetStorage,
  existingDatasetStorage,
  openDatasetStorage,
} from "../../src/providers/dataset-storage/open-dataset-storage.ts";
import { run } from "../../src/providers/process.ts";
import { deadlyPrograms } from "../support/deadly-programs.ts";

const GIB = 1024 ** 3;
const CHILD = join(import.meta.dirname, "../support/storage-child.ts");

/** A small disk without copying on write, as most machines have one, in a file of its own. */
describe.skipIf(process.getuid?.() !== 0 && process.env["CI"] === undefined)("datasets on a disk that can't copy on write", () => {
  let directory: string;
  let disk: string;
  let root: string;
  const settings = () => ({
    lockFile: join(directory, "lock"),
    searchPath: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
    now: () => new Date(),
  });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "t-loop-"));
    [disk, root] = [join(directory, "disk"), join(directory, "disk", "storage")];
    await mkdir(disk);
    await run(["truncate", "-s", "3G", join(directory, "image")]);
    await run(["mkfs.ext4", "-q", join(directory, "image")]);
    await run(["mount", "-o", "loop", join(directory, "image"), disk]);
  });
  afterEach(async () => {
    await destroyDatasetStorage(root, settings());
    const { stdout } = await run(["losetup", "--noheadings", "--output", "BACK-FILE"]);
    await run(["umount", disk]);
    await rm(directory, { recursive: true, force: true });
    expect(stdout).not.toContain(root); // no device is left
  });

  it("lie in a file that has one, and are there again after a reboot", async () => {
    const storage = await openDatasetStorage(root, settings());
    const { driver, loopFile, copyOnWrite, root: mount } = await storage.probe();
    expect({ driver, loopFile, copyOnWrite }).toEqual({ driver: "btrfs", loopFile: join(root, "storage.btrfs"), copyOnWrite: true });
    await writeFile(join(await storage.createVolume("shop"), "word"), "here");
    await storage.snapshot("shop", "shop.g1");
    const { size, blocks } = await stat(join(root, "storage.btrfs"));
    expect(blocks * 512).toBeLessThan(size / 10); // it takes what is in it
    await run(["umount", mount]); // as a reboot does
    const again = await existingDatasetStorage(root, settings());
    expect(await readFile(join((await again?.directory("shop.g1")) ?? "", "word"), "utf8")).toBe("here");
    expect(await destroyDatasetStorage(root, settings())).toBe(true);
    expect(await readdir(root)).toEqual([]);
    expect(await existingDatasetStorage(root, settings())).toBeUndefined();
  });

  it("refuse to go while somebody has files of them open", async () => {
    const storage = await openDatasetStorage(root, settings());
    const volume = await storage.createVolume("used");
    const user = spawn("sleep", ["600"], { cwd: volume, stdio: "ignore" });
    await once(user, "spawn");
    await expect(destroyDatasetStorage(root, settings())).rejects.toMatchObject({ code: "dataset/storage-busy" });
    expect(await storage.directory("used")).toBe(volume);
    user.kill("SIGKILL");
    await once(user, "exit");
  });

  it("end with a name where the disk is full, let it be destroyed then, and go on when there is room", async () => {
    const storage = await openDatasetStorage(root, settings());
    await writeFile(join(await storage.createVolume("shop"), "word"), "here");
    await storage.snapshot("shop", "shop.g1");
    await fill(join(disk, "others"));
    expect((await storage.probe()).freeBytes).toBe(0);
    await expect(storage.clone("shop.g1", "env")).rejects.toMatchObject({ code: "dataset/storage-full" });
    expect((await storage.list()).map(({ id }) => id)).toEqual(["shop", "shop.g1"]);
    await rm(join(disk, "others"));
    expect(await readFile(join(await storage.clone("shop.g1", "env"), "word"), "utf8")).toBe("here");
    await fill(join(disk, "others"));
    expect(await destroyDatasetStorage(root, settings())).toBe(true);
  });

  it("are destroyed as well where a container made subvolumes of its own in them", async () => {
    const storage = await openDatasetStorage(root, settings());
    const volume = await storage.createVolume("shop");
    for (const path of ["a", "a/b", "c"]) await run(["btrfs", "subvolume", "create", "--", join(volume, path)]);
    await run(["btrfs", "subvolume", "snapshot", "-r", "--", join(volume, "a"), join(volume, "c", "closed")]);
    expect(await storage.destroy("shop")).toBe(true);
    await storage.freed();
    expect(await readdir(join(root, "mount", ".trash"))).toEqual([]);
  });

  it("get more room when the disk has more", async () => {
    await fill(join(disk, "others"), 1.8 * GIB);
    const storage = await openDatasetStorage(root, settings());
    const before = await stat(join(root, "storage.btrfs"));
    await rm(join(disk, "others"));
    await storage.createVolume("shop");
    expect((await stat(join(root, "storage.btrfs"))).size).toBe(before.size + GIB);
    expect((await storage.probe()).freeBytes).toBeGreaterThan(1.5 * GIB);
  });

  it("come to be whole after kill -9 before and after any program that makes and mounts them", { timeout: 600_000 }, async () => {
    const deadly = await deadlyPrograms(["mkfs.btrfs", "losetup", "mount", "umount"]);
    const opened = async (): Promise<unknown> => {
      const child = spawn(process.execPath, [CHILD, root, "btrfs", directory, "a"], {
        stdio: "ignore",
        env: { ...process.env, PATH: deadly.searchPath },
      });
      return (await once(child, "exit"))[1];
    };
    try {
      for (const [call, when] of [
        [1, "before"],
        [1, "after"],
        [2, "after"],
        [3, "after"],
        [4, "before"],
        [4, "after"],
      ] as const) {
        await deadly.arm(call, when);
        expect([call, when, await opened()]).toEqual([call, when, "SIGKILL"]);
        await deadly.arm(0, "before");
        const storage = await openDatasetStorage(root, settings());
        await storage.createVolume("b");
        await storage.snapshot("b", "b.g1");
        await storage.clone("b.g1", "b.env");
        const { stdout } = await run(["losetup", "--noheadings", "--output", "NAME", "--associated", join(root, "storage.btrfs")]);
        expect(stdout.trim().split("\n")).toHaveLength(1);
        expect(await destroyDatasetStorage(root, settings())).toBe(true);
      }
    } finally {
      await deadly.remove();
    }
  });
});

/** Fills a disk with real blocks, up to a size or until there is none. */
async function fill(path: string, upTo = Number.POSITIVE_INFINITY): Promise<void> {
  await run(["fallocate", "-l", "1M", path]);
  for (let step = 64 * 1024 ** 2, size = 0; step >= 4096; )
    if (size + step <= upTo && (await grown(path, size + step))) size += step;
    else step = step === 4096 || upTo < Number.POSITIVE_INFINITY ? 0 : Math.floor(step / 16);
}

async function grown(path: string, size: number): Promise<boolean> {
  return (await run(["fallocate", "-l", String(size), path], { accept: "any" })).code === 0;
}
