import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type BaseRequest, recipeFor } from "../../catalog/image-recipes.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { LockedImage, LockedPackage } from "../image-lock.ts";
import { contentHash } from "./content-hash.ts";
import { type FilterOptions, keepsPath, mergedUsr } from "./file-filter.ts";
import type { ImageTree } from "./image-tree.ts";
import { cachedPath } from "./package-cache.ts";
import { configurePhp } from "./php-configuration.ts";
import { linkAlternatives, linkBusybox, writeSystemFiles } from "./system-files.ts";
import { type Unpacked, unpackPackage } from "./unpack-package.ts";

/** What assembling needs beside the lock. */
export interface AssembleOptions {
  readonly cacheDir: string;
  /** The directory of the entrypoint programs: its `php`, `mariadb` and `galera` go into the images of that kind. */
  readonly entrypointDir: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of packages unpacked so far. */
  readonly onProgress: (done: number) => void;
}

/** Packages unpacked at once: decompressing is one process each, and two cores are common. */
const PARALLEL = 2;

/** Fills the tree of a base image from cached packages. Nothing of a package is run. */
export async function assembleBase(image: LockedImage, tree: ImageTree, options: AssembleOptions): Promise<void> {
  const filter = filterOf(image.request);
  const place = (path: string): string | undefined => {
    const merged = mergedUsr(path);
    if (/^(bin|sbin|lib|lib32|lib64|libx32)$/.test(merged)) return undefined;
    return keepsPath(merged, filter) ? merged : undefined;
  };
  const postinsts: string[] = [];
  const unpacked = await unpackAll(image.packages, tree, place, options);
  for (const [index, found] of unpacked.entries()) {
    for (const [path, entry] of found.entries) if (entry.type !== "directory") tree.set(path, entry);
    const postinst = found.control.get("postinst");
    if (postinst !== undefined) postinsts.push(postinst);
    const name = image.packages[index]?.name ?? "";
    await tree.write(`var/lib/dpkg/status.d/${name}`, statusStanza(found.control.get("control") ?? ""));
  }
  linkAlternatives(tree, postinsts);
  await writeSystemFiles(tree, image.suite);
  const { request } = image;
  if (request.kind === "php" || request.kind === "php-builder") await configurePhp(tree, request.version);
  const program = entrypointOf(request.kind);
  if (program !== undefined) await addEntrypoint(tree, join(options.entrypointDir, program));
  if (recipeFor(request).busybox) linkBusybox(tree);
}

async function unpackAll(
  packages: readonly LockedPackage[],
  tree: ImageTree,
  place: (path: string) => string | undefined,
  options: AssembleOptions,
): Promise<readonly Unpacked[]> {
  const results: Unpacked[] = [];
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < packages.length; index = next++) {
      const entry = packages[index];
      if (entry === undefined) return;
      results[index] = await unpackPackage(cachedPath(options.cacheDir, entry.sha256), tree, place, options.signal);
      done += 1;
      options.onProgress(done);
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: PARALLEL }, worker));
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  return results;
}

/** The stanza that scanners read in images without dpkg. */
function statusStanza(control: string): string {
  return `${control.trimEnd()}\nStatus: install ok installed\n`;
}

/** Without the Perl scripts beside them. Both generations of names. */
const mariadbPrograms = (
  "busybox mariadb mariadb-admin mariadb-binlog mariadb-check mariadb-dump mariadb-import mariadb-install-db mariadb-tzinfo-to-sql mariadb-upgrade mariadbd " +
  "my_print_defaults mysql mysqladmin mysqlbinlog mysqlcheck mysqld mysqldump resolveip"
).split(" ");

/** What the storage of datasets runs (src/providers/dataset-storage). */
const storagePrograms = "btrfs chattr cp du filefrag losetup mkfs.btrfs mount sync umount xfs_io".split(" ");

function filterOf(request: BaseRequest): FilterOptions {
  const { perl } = recipeFor(request);
  switch (request.kind) {
    case "php":
      return { gconv: true, perl, programs: request.packages.length > 0 ? undefined : ["php*", "phar*", "busybox"] };
    case "nginx":
      return { gconv: false, perl, programs: ["nginx"] };
    case "mariadb":
      return { gconv: false, perl, programs: mariadbPrograms };
    case "mariadb-backup":
      return { gconv: false, perl, programs: [...mariadbPrograms, "mariadb-backup", "mariabackup", "mbstream"] };
    case "galera":
      return { gconv: false, perl, programs: undefined };
    case "valkey":
      return { gconv: false, perl, programs: ["valkey-server", "valkey-cli", "valkey-check-rdb"] };
    case "haproxy":
      return { gconv: false, perl, programs: ["haproxy"] };
    case "data-mover":
      return { gconv: false, perl, programs: ["rsync"] };
    case "operator":
      return { gconv: false, perl, programs: ["restic"] };
    case "storage":
      return { gconv: false, perl, programs: storagePrograms };
    case "php-builder":
    case "node-builder":
      return { gconv: true, perl, programs: undefined };
    default:
      return unreachable(request);
  }
}

/** The directory of our program in an image of a kind; undefined for one without. */
function entrypointOf(kind: BaseRequest["kind"]): string | undefined {
  if (kind === "mariadb-backup") return "mariadb";
  return kind === "php" || kind === "mariadb" || kind === "galera" ? kind : undefined;
}

async function addEntrypoint(tree: ImageTree, directory: string): Promise<void> {
  for (const name of await entrypointFiles(directory)) {
    await tree.write(`usr/lib/howdah/${name}`, await readFile(join(directory, name)), /\.sh$|^wsrep_sst_/.test(name) ? 0o755 : 0o644);
  }
}

/** The files of an entrypoint program, relative and sorted; tests and documentation are not part of it. */
export async function entrypointFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((name) => !/(^|\/)tests?\/|\.test\.|Test\.php$|\.md$/.test(name))
    .sort();
}

/** What the entrypoint program of an image is, for the image's identity: the same files, the same hash. */
export async function entrypointHash(kind: BaseRequest["kind"], directory: string): Promise<string> {
  const program = entrypointOf(kind);
  if (program === undefined) return "";
  const root = join(directory, program);
  const parts = await Promise.all(
    (await entrypointFiles(root)).map(async (name) => [name, contentHash(await readFile(join(root, name)))] as const),
  );
  return contentHash(parts);
}
