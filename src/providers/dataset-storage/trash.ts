import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DATA } from "./shelf.ts";
import type { TreeCopier } from "./tree-copier.ts";

/** Processes that make and destroy, by names without a dot. */
export interface Makers {
  readonly own: string;
  readonly isAlive: (identity: string) => Promise<boolean>;
}

/** Where things go to be removed, out of everybody's sight and out of the way. */
export interface Trash {
  /** Takes a directory away at once and begins to remove it. Answers whether it was there. */
  take(path: string, id: string): Promise<boolean>;
  /** Takes what processes left in a directory that have died since; names begin with their maker's identity. */
  takeLeftovers(directory: string): Promise<void>;
  /** Resolves when all is gone that was taken, by this process and by dead ones. Fails with the first failure. */
  emptied(): Promise<void>;
}

/** The trash of a storage, `.trash` in its root. Begins to remove what a dead process left there. */
export async function trashOf(root: string, copier: TreeCopier, makers: Makers): Promise<Trash> {
  const trash = join(root, ".trash");
  await mkdir(trash, { recursive: true, mode: 0o700 });
  let last: Promise<void> = Promise.resolve();
  // One after another: whoever destroys ten clones gets the disk back no faster by ten programs at once.
  const begin = (): void => {
    last = last.catch(() => undefined).then(() => empty(trash, makers, copier));
    last.catch(() => undefined); // it stays in the trash: `emptied` tells
  };
  const take: Trash["take"] = async (path, id) => {
    const aside = join(trash, `${makers.own}.${randomBytes(8).toString("hex")}.${id}`);
    const was = await rename(path, aside).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return false;
        throw error;
      },
    );
    if (was) begin();
    return was;
  };
  begin();
  return {
    take,
    takeLeftovers: async (directory) => {
      for (const name of await readdir(directory))
        if (!(await makers.isAlive(makerOf(name)))) await take(join(directory, name), "leftover");
    },
    emptied: async () => {
      begin();
      await last;
    },
  };
}

function makerOf(name: string): string {
  return name.split(".")[0] ?? "";
}

/** Removes what this process and dead ones put there; what another living one did is being removed by it. One that can't be removed stops no other. */
async function empty(trash: string, { own, isAlive }: Makers, copier: TreeCopier): Promise<void> {
  const failures: unknown[] = [];
  for (const name of await readdir(trash)) {
    const maker = makerOf(name);
    if (maker !== own && (await isAlive(maker))) continue;
    try {
      await copier.remove(join(trash, name, DATA));
      await rm(join(trash, name), { recursive: true, force: true });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
