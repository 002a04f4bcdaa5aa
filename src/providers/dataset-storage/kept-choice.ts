import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { removeWritten, writeAtomically } from "../../host/write-atomically.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";

const Kept = z.object({
  driver: z.enum(["btrfs", "reflink", "copy"]),
  /** Whether it lies in a loop file. */
  loop: z.boolean(),
  /** Whether a person asked for this driver. */
  wished: z.boolean(),
});

/** How a storage was made: what lies in it can't be read in another way. */
export type KeptChoice = z.infer<typeof Kept>;

/** Undefined: none has been made here. Error: `dataset/storage-broken`. */
export async function keptChoice(root: string): Promise<KeptChoice | undefined> {
  const path = join(root, "storage.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return Kept.parse(JSON.parse(text));
  } catch (error) {
    throw new HowdahError("dataset/storage-broken", `${path} is not what Howdah wrote there`, { cause: error });
  }
}

/** Undefined forgets it. */
export async function keepChoice(root: string, choice: KeptChoice | undefined): Promise<void> {
  const path = join(root, "storage.json");
  if (choice === undefined) await removeWritten(path);
  else await writeAtomically(path, `${JSON.stringify(choice)}\n`, { mode: 0o600 });
}
