import { readdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StoredVolume } from "./dataset-storage.ts";

/** The directory of a volume that containers see. Beside it lies what Howdah knows of it. */
export const DATA = "data";
const ABOUT = "about";

const About = z.object({
  kind: z.enum(["volume", "snapshot", "clone"]),
  source: z.string().nullable(),
  createdAt: z.string(),
});

/**
 * Notes what one is beside its tree, as the target of a symbolic link: that is made whole in one step and is never there without its words, even when the
 * power goes, which a file only is after an fsync. On btrfs that would cost forty times the clone.
 */
export async function noteAbout(place: string, about: z.infer<typeof About>): Promise<void> {
  await symlink(JSON.stringify(about), join(place, ABOUT));
}

/** What one is; undefined when it isn't there. */
export async function readAbout(shelf: string, id: string): Promise<StoredVolume | undefined> {
  const path = join(shelf, id, ABOUT);
  const text = await readlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new HowdahError("dataset/storage-broken", `${path} can't be read: ${error.message}`, { cause: error });
  });
  if (text === undefined) return undefined;
  try {
    return { id, ...About.parse(JSON.parse(text)) };
  } catch (error) {
    throw new HowdahError("dataset/storage-broken", `${path} is not what Howdah wrote there`, { cause: error });
  }
}

/** What one is. Error: `dataset/storage-missing`. */
export async function aboutOf(shelf: string, id: string): Promise<StoredVolume> {
  const about = await readAbout(shelf, id);
  if (about !== undefined) return about;
  throw new HowdahError("dataset/storage-missing", `There is no ${id} in the storage of datasets`);
}

/** All that there is, ordered by id. What is destroyed meanwhile is left out. */
export async function listShelf(shelf: string): Promise<readonly StoredVolume[]> {
  const ids = (await readdir(shelf)).sort();
  const found = await Promise.all(ids.map((id) => readAbout(shelf, id)));
  return found.filter((about) => about !== undefined);
}
