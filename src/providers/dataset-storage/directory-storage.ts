import { randomBytes } from "node:crypto";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { isProcessAlive, processIdentity } from "../../host/process-identity.ts";
import { syncDirectory } from "../../host/sync-directory.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetStorage, StorageFacts, StoredVolume } from "./dataset-storage.ts";
import { aboutOf, DATA, listShelf, noteAbout, readAbout } from "./shelf.ts";
import { storageFailure } from "./storage-failure.ts";
import { storageId } from "./storage-id.ts";
import { type Makers, trashOf } from "./trash.ts";
import type { TreeCopier } from "./tree-copier.ts";

/** Where a storage lies and what it asks of the disk. */
export interface DirectoryStorageOptions {
  /** An absolute directory of its own, which is there and which nobody but root may enter. */
  readonly root: string;
  /** Throws `dataset/storage-full` when that many bytes more can't be taken without filling the disk. */
  readonly requireRoom: (bytes: number) => Promise<void>;
  readonly facts: () => Promise<Pick<StorageFacts, "loopFile" | "freeBytes" | "warnings">>;
  readonly now: () => Date;
  /** Who makes things, and whether somebody else who did still lives. Left out: processes of this machine. */
  readonly makers?: Makers;
}

/** What is being made: its kind, what of, and how its tree comes to be. */
interface Making {
  readonly kind: StoredVolume["kind"];
  readonly source: string | null;
  readonly fill: (data: string) => Promise<void>;
  /** Bytes of room that it takes at once. */
  readonly needs: () => Promise<number>;
}

/**
 * A storage of plain directories: `volumes/ID/{about,data}`. Each is made whole in `.making` and renamed into its place, and renamed into
 * `.trash` before anything of it is removed, so that a process can be killed between any two steps. What dead ones left goes at the next opening.
 */
export async function directoryStorage(copier: TreeCopier, options: DirectoryStorageOptions): Promise<DatasetStorage> {
  const { root } = options;
  const [shelf, making] = [join(root, "volumes"), join(root, ".making")];
  for (const directory of [shelf, making]) await mkdir(directory, { recursive: true, mode: 0o700 });
  const makers = options.makers ?? { own: await processIdentity(), isAlive: isProcessAlive };
  const trash = await trashOf(root, copier, makers);
  await trash.takeLeftovers(making);
  const make = maker({ shelf, making, trash, copier, options, own: makers.own });
  const volume = async (id: string): Promise<StoredVolume> => aboutOf(shelf, storageId(id));
  const data = (id: string): string => join(shelf, id, DATA);
  const copyOf = (source: string, readOnly: boolean, signal: AbortSignal | undefined): Pick<Making, "source" | "fill" | "needs"> => ({
    source,
    fill: async (to) => {
      try {
        await copier.copy(data(source), to, { readOnly, signal });
      } catch (error) {
        await volume(source); // destroyed meanwhile: then that is the failure
        throw error;
      }
    },
    needs: () => copier.needs(data(source), signal),
  });
  return {
    driver: copier.driver,
    probe: async () => ({
      ...{ driver: copier.driver, root, atomicSnapshot: copier.atomicSnapshot, cloneCost: copier.cloneCost },
      ...{ copyOnWrite: copier.cloneCost !== "bytes", ...(await options.facts()) },
    }),
    createVolume: async (id) => make(id, { kind: "volume", source: null, fill: (to) => copier.create(to), needs: async () => 0 }),
    snapshot: async (source, id, signal) => {
      if ((await existing(shelf, id)) === undefined) requireKind(await volume(source), ["volume", "clone"], "a snapshot of it");
      return make(id, { kind: "snapshot", ...copyOf(source, true, signal) });
    },
    clone: async (source, id, signal) => {
      if ((await existing(shelf, id)) === undefined) requireKind(await volume(source), ["snapshot"], "a clone of it");
      return make(id, { kind: "clone", ...copyOf(source, false, signal) });
    },
    directory: async (id) => data((await volume(id)).id),
    usage: async (id, signal) => {
      const path = data((await volume(id)).id);
      return copier.usage(path, signal).catch((error: unknown) => Promise.reject(storageFailure(error, root)));
    },
    destroy: async (id) => trash.take(join(shelf, storageId(id)), id),
    freed: () => trash.emptied(),
    list: () => listShelf(shelf),
  };
}

interface Workshop {
  readonly shelf: string;
  readonly making: string;
  readonly trash: Awaited<ReturnType<typeof trashOf>>;
  readonly copier: TreeCopier;
  readonly options: DirectoryStorageOptions;
  readonly own: string;
}

/** Makes one thing, or answers with the same that is there already. */
function maker({ shelf, making, trash, copier, options, own }: Workshop): (id: string, wanted: Making) => Promise<string> {
  return async (id, wanted) => {
    const place = join(shelf, storageId(id));
    const there = await existing(shelf, id);
    if (there !== undefined) return samePlace(place, there, wanted);
    const temporary = join(making, `${own}.${randomBytes(8).toString("hex")}`);
    try {
      await options.requireRoom(await wanted.needs());
      await mkdir(temporary, { mode: 0o700 });
      await wanted.fill(join(temporary, DATA));
      const about = { kind: wanted.kind, source: wanted.source, createdAt: options.now().toISOString() };
      await noteAbout(temporary, about);
      if (wanted.kind !== "clone") await copier.sync(temporary); // a clone can be made again
      await rename(temporary, place);
      if (wanted.kind !== "clone") await syncDirectory(shelf);
      return join(place, DATA);
    } catch (error) {
      await trash.take(temporary, id).catch(() => false); // the failure before this one is what people must read
      const quicker = isTaken(error) ? await existing(shelf, id) : undefined;
      if (quicker !== undefined) return samePlace(place, quicker, wanted);
      throw storageFailure(error, options.root);
    }
  };
}

async function existing(shelf: string, id: string): Promise<StoredVolume | undefined> {
  return readAbout(shelf, storageId(id));
}

function isTaken(error: unknown): boolean {
  return ["ENOTEMPTY", "EEXIST"].includes(String((error as NodeJS.ErrnoException).code));
}

function samePlace(place: string, there: StoredVolume, wanted: Making): string {
  if (there.kind === wanted.kind && there.source === wanted.source) return join(place, DATA);
  const words = there.source === null ? `a ${there.kind}` : `a ${there.kind} of ${there.source}`;
  throw new HowdahError("dataset/storage-taken", `${there.id} is ${words} already`);
}

function requireKind({ id, kind }: StoredVolume, kinds: readonly StoredVolume["kind"][], what: string): void {
  if (!kinds.includes(kind)) throw new HowdahError("dataset/storage-taken", `${id} is a ${kind}: ${what} can't be made`);
}
