import { basename, dirname, join, resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ProjectFiles } from "../ports.ts";

/** The site file's name in a site's directory. */
export const SITE_FILE = "howdah.yaml";

/** The lock's name, beside the site file. */
export const LOCK_FILE = "howdah.lock";

/** Where a site is: its file (which may be missing yet) and the directory that the file lies in. */
export interface SiteLocation {
  readonly file: string;
  readonly directory: string;
  readonly exists: boolean;
}

/** Turns what a person typed (a directory, a site file, or nothing for the current directory) into a place. */
export async function locateSite(given: string | undefined, current: string, files: ProjectFiles): Promise<SiteLocation> {
  const path = resolve(current, given ?? ".");
  const kind = await files.kind(path);
  if (kind === "directory") {
    const file = join(path, SITE_FILE);
    return { file, directory: path, exists: (await files.kind(file)) === "file" };
  }
  if (kind === "file") return { file: path, directory: dirname(path), exists: true };
  if (kind === "missing" && /\.ya?ml$/.test(path) && (await files.kind(dirname(path))) === "directory")
    return { file: path, directory: dirname(path), exists: false };
  throw new HowdahError("site/not-found", kind === "missing" ? `${path} does not exist` : `${path} is neither a directory nor a file`);
}

/** A site name from a directory's name: a DNS label, or `site`. */
export function nameFromDirectory(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  // Names of the platform's own are refused in a site file.
  if (/^(howdah|kube)-/.test(name)) return `site-${name}`.slice(0, 40).replace(/-+$/, "");
  return name === "" ? "site" : name;
}
