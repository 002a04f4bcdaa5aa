import { chmod, chown, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RUN_AS } from "../../kernel/label.ts";
import { copySourceFile } from "./open-source-file.ts";
import type { SiteTree } from "./site-tree.ts";

/** Copies a site's code into an empty directory, owned by the user that build hooks run as. */
export async function copyTree(tree: SiteTree, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await chown(target, RUN_AS, RUN_AS);
  for (const entry of tree.entries) {
    const place = join(target, entry.path);
    if (entry.type === "directory") {
      await mkdir(place, { recursive: true });
      await chown(place, RUN_AS, RUN_AS);
    } else if (entry.type === "symlink") await symlink(entry.target, place);
    else {
      if ("file" in entry.from) await copySourceFile(entry.from.file, place);
      else await writeFile(place, entry.from.content);
      await chmod(place, entry.executable ? 0o755 : 0o644);
      await chown(place, RUN_AS, RUN_AS);
    }
  }
}
