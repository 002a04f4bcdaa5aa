import { readdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { HowdahError } from "./kernel/howdah-error.ts";

/** One file of this program, as an image takes it. */
interface ProgramFile {
  readonly path: string;
  readonly from: string;
  readonly executable: boolean;
}

/** This module in the bundle lies in `dist/chunks`, from the sources in `src`. */
async function packageRoot(): Promise<string> {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (directory !== dirname(directory)) {
    if (await exists(join(directory, "package.json"))) return directory;
    directory = dirname(directory);
  }
  throw new HowdahError("bug", "This program is in no package");
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function newest(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const times = entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
}

/**
 * Node and the bundles that make up this program and the storage driver, for their images. Error: `usage/invalid` when the sources are newer than the bundle, as in a
 * checkout that was not built.
 */
export async function operatorProgram(): Promise<readonly ProgramFile[]> {
  const root = await packageRoot();
  const dist = join(root, "dist");
  const main = await stat(join(dist, "main.js")).catch(() => undefined);
  const sources = join(root, "src");
  if (main === undefined || ((await exists(sources)) && (await newest(sources)) > main.mtimeMs))
    throw new HowdahError("usage/invalid", `The bundle in ${dist} is not there, or older than the sources`, {
      hint: "`npm run build` makes it.",
    });
  const bundled = (await readdir(dist, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const at = (from: string): string => join("usr/lib/howdah", relative(root, from));
  return [
    { path: "usr/bin/node", from: process.execPath, executable: true },
    { path: at(join(root, "bin/howdah")), from: join(root, "bin/howdah"), executable: true },
    { path: at(join(root, "bin/howdah-csi")), from: join(root, "bin/howdah-csi"), executable: true },
    // says that bin/howdah is CommonJS
    { path: at(join(root, "bin/package.json")), from: join(root, "bin/package.json"), executable: false },
    { path: at(join(root, "package.json")), from: join(root, "package.json"), executable: false },
    ...bundled.map(({ parentPath, name }) => ({ path: at(join(parentPath, name)), from: join(parentPath, name), executable: false })),
  ];
}
