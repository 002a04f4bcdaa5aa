import { chmod, chown } from "node:fs/promises";
import { RUN_AS } from "../../kernel/label.ts";

/**
 * Gives the root of a volume to the user of all containers. Root's deed on one machine; in a pod of a cluster we are that user, and the root of a claim is the
 * kubelet's, who lets the user's group write in it.
 */
export async function giveToServer(directory: string, mode: number): Promise<void> {
  try {
    await chown(directory, RUN_AS, RUN_AS);
    await chmod(directory, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM" || process.getuid?.() === 0) throw error;
  }
}
