import { HowdahError } from "../../kernel/howdah-error.ts";
import { readElf } from "./elf.ts";
import type { ImageTree } from "./image-tree.ts";

/** A file that would not load: the libraries it needs and the image lacks. */
export interface MissingLibrary {
  readonly file: string;
  readonly needs: readonly string[];
}

/** Where the loader looks without a cache, for an architecture of Debian. */
function defaultDirectories(architecture: string): readonly string[] {
  const triplet = architecture === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return [`usr/lib/${triplet}`, "usr/lib", "usr/lib64"];
}

/** Every ELF file whose needed libraries or loader are not in the image: dropped packages once disabled gd and imagick with no more than a warning. */
export async function missingLibraries(tree: ImageTree, architecture: string): Promise<readonly MissingLibrary[]> {
  const missing: MissingLibrary[] = [];
  for (const path of tree.paths()) {
    const entry = tree.get(path);
    if (entry?.type !== "file" || entry.size < 64) continue;
    const elf = await readElf((offset, length) => tree.read(entry, length, offset));
    if (elf === undefined) continue;
    const own = path.slice(0, path.lastIndexOf("/"));
    const directories = [
      ...elf.runPaths.map((directory) => directory.replace(/\$ORIGIN|\$\{ORIGIN\}/g, `/${own}`).replace(/^\/+/, "")),
      ...defaultDirectories(architecture),
      own, // private libraries (samba's) lie together: whoever loads one has the path and loads the others
    ];
    const needs = elf.needed.filter((name) => !directories.some((directory) => tree.resolve(`${directory}/${name}`) !== undefined));
    if (elf.interpreter !== undefined && tree.resolve(elf.interpreter) === undefined) needs.push(elf.interpreter);
    if (needs.length > 0) missing.push({ file: path, needs });
  }
  return missing;
}

/** Errors: `image/incomplete` with one line for each file that would not load. */
export async function requireLibraries(tree: ImageTree, architecture: string, image: string): Promise<void> {
  const missing = await missingLibraries(tree, architecture);
  if (missing.length === 0) return;
  throw new HowdahError("image/incomplete", `${image} lacks libraries that its programs need`, {
    output: missing.map(({ file, needs }) => `/${file} needs ${needs.join(", ")}`),
  });
}
