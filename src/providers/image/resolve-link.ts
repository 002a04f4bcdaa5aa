import { lstat, readlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where a path really is. */
export type Resolved = { readonly kind: "file" | "directory"; readonly path: string } | { readonly kind: "dangling" | "loop" };

/**
 * Follows every symlink of a path as if `root` were the root of the file system: absolute targets are looked up below it, and `..` never leaves
 * it. `path` is absolute and below `root`. A device, socket or pipe counts as dangling.
 */
export async function resolveInRoot(path: string, root: string): Promise<Resolved> {
  const base = root === "/" ? "" : root.replace(/\/+$/, "");
  const rest = path.slice(base.length).split("/").filter(isName);
  let here = base;
  for (let hops = 0; rest.length > 0; ) {
    const part = rest.shift() ?? "";
    if (part === "..") {
      here = here.length > base.length ? dirname(here).replace(/^\/$/, "") : base;
      continue;
    }
    const next = `${here}/${part}`;
    const found = await lstat(next).catch(() => undefined);
    if (found === undefined) return { kind: "dangling" };
    if (!found.isSymbolicLink()) {
      here = next;
      continue;
    }
    hops += 1;
    if (hops > 40) return { kind: "loop" };
    const target = await readlink(next);
    if (target.startsWith("/")) here = base;
    rest.unshift(...target.split("/").filter(isName));
  }
  const end = await lstat(here === "" ? "/" : here).catch(() => undefined);
  if (end?.isFile()) return { kind: "file", path: here };
  return end?.isDirectory() ? { kind: "directory", path: here === "" ? "/" : here } : { kind: "dangling" };
}

/** Whether a path is a directory or below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** An absolute path below a root. */
export function belowRoot(path: string, root: string): string {
  return root === "/" ? path : join(root, path);
}

function isName(part: string): boolean {
  return part !== "" && part !== ".";
}
