import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { removeWritten, writeAtomically } from "../../host/write-atomically.ts";

/**
 * `making`: nobody was told of it, so it may be taken away again. `ready`: somebody holds its id. `deleting`: it goes, whatever happens.
 *
 *   (nothing) --recorded--> making --filled, limited--> ready --marked--> deleting --destroyed--> (nothing)
 *                             \--failed, or found at a start--> (nothing)
 */
const state = z.enum(["making", "ready", "deleting"]);

const volume = z.object({
  kind: z.literal("volume"),
  id: z.string(),
  name: z.string(),
  sizeBytes: z.int().positive(),
  /** Whether its size is kept free for it on the disk. */
  reserved: z.boolean(),
  source: z.object({ kind: z.enum(["snapshot", "volume"]), id: z.string() }).nullable(),
  state,
  createdAt: z.string(),
});

const snapshot = z.object({
  kind: z.literal("snapshot"),
  id: z.string(),
  name: z.string(),
  volume: z.string(),
  sizeBytes: z.int().positive(),
  state,
  createdAt: z.string(),
});

const record = z.discriminatedUnion("kind", [volume, snapshot]);

/** What is known of a volume. */
export type VolumeRecord = Readonly<z.infer<typeof volume>>;
/** What is known of a snapshot. */
export type SnapshotRecord = Readonly<z.infer<typeof snapshot>>;
/** Either. */
export type PoolRecord = VolumeRecord | SnapshotRecord;

/** The documents beside the volumes: what was asked for, and how far it has come. */
export interface Records {
  read(id: string): Promise<PoolRecord | undefined>;
  write(written: PoolRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** All, ordered by id. */
  list(): Promise<readonly PoolRecord[]>;
}

/** One file for each, written whole. One that can't be read is an error, never taken for one that isn't there: its volume would be lost. */
export function createRecords(directory: string): Records {
  const file = (id: string): string => join(directory, `${id}.json`);
  const read = async (id: string): Promise<PoolRecord | undefined> => {
    const text = await readFile(file(id), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return record.parse(JSON.parse(text));
    } catch (error) {
      throw new Error(`${file(id)} can't be read as what is known of a volume`, { cause: error });
    }
  };
  return {
    read,
    write: (written) => writeAtomically(file(written.id), `${JSON.stringify(written, undefined, 2)}\n`, { mode: 0o600 }),
    remove: (id) => removeWritten(file(id)),
    list: async () => {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      });
      const ids = names.flatMap((name) => (name.endsWith(".json") ? [name.slice(0, -".json".length)] : [])).toSorted();
      const found = await Promise.all(ids.map(read));
      return found.filter((one) => one !== undefined);
    },
  };
}
