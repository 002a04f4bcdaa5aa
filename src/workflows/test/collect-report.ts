import { copyFile, lstat, mkdir, realpath } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";

/** Largest report that is taken, in bytes: one of 10,000 tests with their output has a few million. */
const MAX_BYTES = 64 * 1024 * 1024;

/** `build/junit.xml` of PHP 8.2 is `build/junit-php8.2.xml`. */
export function reportName(file: string, php: string): string {
  const ending = extname(file);
  return join(dirname(file), `${basename(file, ending)}-php${php}${ending}`);
}

/**
 * Copies a report that tests wrote into their tree, after they have ended. Only a plain file that really lies in the tree is taken: what ran there
 * may have put a link to any file of the machine in its place. Answers undefined when there is none.
 */
export async function collectReport(
  tree: string,
  file: string,
  to: { readonly directory: string; readonly php: string },
): Promise<string | undefined> {
  const root = await realpath(tree);
  const place = await realpath(join(root, dirname(file))).catch(() => undefined);
  if (place === undefined || relative(root, place).split("/")[0] === "..") return undefined;
  const found = join(place, basename(file));
  const stats = await lstat(found).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || stats.nlink > 1 || stats.size > MAX_BYTES) return undefined;
  const target = join(to.directory, reportName(file, to.php));
  await mkdir(dirname(target), { recursive: true });
  await copyFile(found, target);
  return target;
}
