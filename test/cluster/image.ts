import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { imageDocuments } from "../../src/providers/image/image-manifest.ts";
import { ImageTree } from "../../src/providers/image/image-tree.ts";
import { writeOciArchive } from "../../src/providers/image/oci-archive.ts";
import { sourcesOf } from "../../src/providers/image/tar-source.ts";
import { writeTar } from "../../src/providers/image/write-tar.ts";

/** An image of one layer, for test equipment: no registry, no Dockerfile, nothing but the files that are named. */
export interface ImageRecipe {
  /** The whole reference, `howdah.test/dns:1`: containers must name it letter by letter, with `imagePullPolicy: Never` or `IfNotPresent`. */
  readonly name: string;
  /** Absolute paths in the image and where their bytes come from. `mode` is 0755 unless said. */
  readonly files: Readonly<
    Record<string, { readonly from: string } | { readonly text: string; readonly mode?: number } | { readonly link: string }>
  >;
  /** Empty directories, with their modes. */
  readonly directories?: Readonly<Record<string, number>>;
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  /** `UID:GID`; default `0:0`. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Composes the image with Howdah's own writer; answers its OCI archive in the cache, named after the hash of all that is in it. */
export async function composeImage(recipe: ImageRecipe, cache: string): Promise<string> {
  const contents = await contentsOf(recipe);
  const directory = join(cache, "images");
  const target = join(directory, `${recipe.name.replaceAll(/[^a-z0-9.]+/g, "-")}-${hashOf(recipe, contents)}.tar`);
  const made = await access(target).then(
    () => true,
    () => false,
  );
  if (made) return target;
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(directory, "compose-"));
  try {
    await write(recipe, contents, work);
    await rename(join(work, "image.tar"), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

async function write(recipe: ImageRecipe, contents: ReadonlyMap<string, Buffer>, work: string): Promise<void> {
  const tree = await ImageTree.open(join(work, "spool"));
  try {
    for (const [path, mode] of Object.entries(recipe.directories ?? {})) tree.set(path.slice(1), { type: "directory", mode });
    for (const [path, file] of Object.entries(recipe.files)) {
      if ("link" in file) tree.link(path.slice(1), file.link);
      else await tree.write(path.slice(1), contents.get(path) ?? "", "text" in file ? (file.mode ?? 0o755) : 0o755);
    }
    const layer = join(work, "layer.tar");
    const { sha256, size } = await writeTar(sourcesOf(tree), layer);
    const documents = imageDocuments({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      config: {
        entrypoint: recipe.entrypoint,
        cmd: recipe.cmd ?? [],
        user: recipe.user ?? "0:0",
        workingDir: "/",
        env: Object.entries({ PATH: "/usr/bin:/bin", ...recipe.env }).map(([name, value]) => `${name}=${value}`),
        stopSignal: undefined,
        labels: {},
      },
      layers: [{ diffId: `sha256:${sha256}`, size }],
    });
    await writeOciArchive(join(work, "image.tar"), { documents, name: recipe.name, layers: [{ sha256, size, file: layer }] });
  } finally {
    await tree.close();
  }
}

async function contentsOf(recipe: ImageRecipe): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for (const [path, file] of Object.entries(recipe.files)) {
    if ("from" in file) contents.set(path, await readFile(file.from));
    else if ("text" in file) contents.set(path, Buffer.from(file.text));
  }
  return contents;
}

function hashOf(recipe: ImageRecipe, contents: ReadonlyMap<string, Buffer>): string {
  const { files, ...rest } = recipe;
  const hash = createHash("sha256").update(JSON.stringify(rest));
  for (const [path, file] of Object.entries(files)) {
    const facts = "from" in file ? {} : "text" in file ? { mode: file.mode } : file;
    hash.update(JSON.stringify([path, facts])).update(contents.get(path) ?? "");
  }
  return hash.digest("hex").slice(0, 16);
}
