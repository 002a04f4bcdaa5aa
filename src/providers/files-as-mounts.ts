import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RUN_AS } from "../kernel/label.ts";

/** Writes files (path in the container: text) into a directory and answers podman's arguments that mount them, each readable by the containers' user alone. */
export async function filesAsMounts(directory: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const mounts: string[] = [];
  for (const [index, [path, text]] of Object.entries(files).entries()) {
    const file = join(directory, String(index));
    await writeFile(file, text, { mode: 0o400 });
    await chown(file, RUN_AS, RUN_AS);
    mounts.push(`--volume=${file}:${path}:ro`);
  }
  return mounts;
}
