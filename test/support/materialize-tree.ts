import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Copies a tree out of an unpacked package, with its links resolved below the package's own root, as a site's image has it. Dangling links are left out. */
export function materializeTree(packageRoot: string, from: string, to: string): void {
  const real = realPath(packageRoot, from);
  if (real === undefined) return;
  if (statSync(real).isFile()) {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(real, to);
    return;
  }
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(real)) materializeTree(packageRoot, join(real, name), join(to, name));
}

function realPath(packageRoot: string, path: string, depth = 0): string | undefined {
  if (depth > 20) return undefined;
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  if (!entry.isSymbolicLink()) return path;
  const target = readlinkSync(path);
  const next = target.startsWith("/") ? join(packageRoot, target) : join(dirname(path), target);
  return existsSync(dirname(next)) ? realPath(packageRoot, next, depth + 1) : undefined;
}
