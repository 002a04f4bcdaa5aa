import { lstat, mkdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { writeAtomically } from "../../host/write-atomically.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** Largest report that is taken, in bytes: one of 10,000 tests with their output has a few million. */
const MAX_BYTES = 64 * 1024 * 1024;

/** `build/junit.xml` of PHP 8.2 is `build/junit-php8.2.xml`. */
export function reportName(file: string, php: string): string {
  const ending = extname(file);
  return join(dirname(file), `${basename(file, ending)}-php${php}${ending}`);
}

/**
 * Copies a report that tests wrote into their tree, after they have ended. Only a plain file that really lies in the tree is taken: what ran there
 * may have put a link to any file of the machine in its place. Nor does a link that lies where it goes lead it out of `to.directory`: we may be root,
 * and the directory somebody else's. Answers undefined when there is none. Errors: `usage/invalid` for such a link, those of {@link writeAtomically}.
 */
export async function collectReport(
  tree: string,
  file: string,
  to: { readonly directory: string; readonly php: string },
): Promise<string | undefined> {
  const root = await realpath(tree);
  const place = await realpath(join(root, dirname(file))).catch(() => undefined);
  if (place === undefined || !isWithin(place, root)) return undefined;
  const found = join(place, basename(file));
  const stats = await lstat(found).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || stats.nlink > 1 || stats.size > MAX_BYTES) return undefined;
  const target = join(to.directory, reportName(file, to.php));
  await mkdir(to.directory, { recursive: true });
  if (!isWithin(await realPart(dirname(target)), await realpath(to.directory))) {
    throw new HowdahError("usage/invalid", `The report is not written: ${dirname(target)} is a link that leads out of ${to.directory}`);
  }
  await writeAtomically(target, await readFile(found), { mode: 0o644 }); // a link of the target's name is replaced, not followed
  return target;
}

/** Where a path really leads, as far as it is there. */
async function realPart(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    return realPart(dirname(path));
  });
}

function isWithin(path: string, root: string): boolean {
  return relative(root, path).split("/")[0] !== "..";
}
