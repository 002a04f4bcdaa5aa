import { chmod, mkdir, realpath, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Emit } from "../../../kernel/event.ts";
import type { Lock } from "../../image-lock.ts";
import type { SiteImageRequest } from "../../image-builder.ts";
import type { LiveCopy, LiveCopyOptions, Synced } from "../../live-copy.ts";
import type { BuilderContext } from "../builder-context.ts";
import { namingDiskFull } from "../disk-errors.ts";
import { ensureBuilders, hookedTree } from "../hooked-tree.ts";
import { ignoreOf } from "../site-image.ts";
import { readSiteTree, type SiteEntry, type SiteTree } from "../site-tree.ts";
import { memoryStatCache } from "../stat-cache.ts";
import { watchedFiles } from "../watched-files.ts";
import { webEntries } from "../web-tree.ts";
import { placeTree } from "./place-tree.ts";
import { aroundMounts, changesOf, dependencyFiles, isOnVolume, overHooks, type Tree, treeOf } from "./tree-changes.ts";
import { watchDirectories } from "./watch-directories.ts";

/** What the copy knows between two syncs. */
interface State {
  /** The source as it was read last. */
  source: Tree;
  /** What lies in the copy. */
  readonly php: Map<string, SiteEntry>;
  readonly web: Map<string, SiteEntry>;
  hooks: { readonly saw: Tree; readonly made: Tree; readonly directory: string } | undefined;
  builds: number;
  /** Directories of former build hooks' output. */
  readonly outdated: string[];
  /** Where any site file of this watch had a volume: former pods, and those that are about to start, have it mounted there. */
  readonly mounts: Set<string>;
}

/** What runs a site's build hooks. */
interface Hooks {
  readonly ensureBuilders: typeof ensureBuilders;
  readonly hookedTree: typeof hookedTree;
}

/**
 * Opens a copy of a site's code in a directory of its own: `php/` and `web/` are mounted by pods, `built-N/` is what build hooks made,
 * `part` a file that is being written. Only one process writes it.
 */
export async function openLiveCopy(
  options: LiveCopyOptions,
  context: BuilderContext,
  hookEnvironment: Readonly<Record<string, string>>,
  hooks: Hooks = { ensureBuilders, hookedTree },
): Promise<LiveCopy> {
  const { directory } = options;
  const directories = { php: join(directory, "php"), web: join(directory, "web") };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const path of Object.values(directories)) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o755); // the servers' users read it, whatever this process's umask says
  }
  const state: State = {
    ...{ source: new Map(), php: new Map(), web: new Map(), hooks: undefined, builds: 0 },
    ...{ outdated: [], mounts: new Set() },
  };
  const statCache = memoryStatCache();
  const watch = watchDirectories({ polling: await hearsNothing(options.also[0] ?? directory) });
  let last: Promise<unknown> = Promise.resolve();
  /** Two writers of one copy would undo each other's work. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const read = async (request: SiteImageRequest, signal?: AbortSignal): Promise<SiteTree> => {
    const { source, followInto, systemRoot = "/", configuration } = request;
    return readSiteTree(source, { ignore: await ignoreOf(request), followInto, systemRoot, configuration, statCache, signal });
  };
  return {
    directories,
    noticing: watch.noticing,
    changed: (signal) => watch.next(signal),
    close: () => {
      watch.close();
    },
    build: (request, lock, emit, signal) =>
      request.hooks.length === 0
        ? Promise.resolve()
        : namingDiskFull(directory, () => build({ request, lock, emit, signal, state, directory, context, hookEnvironment, hooks, read })),
    sync: (request, signal) =>
      inTurn(async () => {
        // What an attempt that is cut off by another change has written belongs to the answer as well.
        const before = { source: state.source, code: new Map(request.php === null ? state.web : state.php) };
        const tree = await namingDiskFull(directory, () =>
          whileItChanges(async () => {
            watch.begin();
            const found = await read(request, signal);
            watch.follow(new Set([...(await placesOf(request.source, found)), ...options.also]));
            await sync({ request, tree: found, state, directories, part: join(directory, "part"), signal });
            return found;
          }, signal),
        );
        return report(request, { before, tree, code: request.php === null ? state.web : state.php });
      }),
  };
}

interface Build {
  readonly request: SiteImageRequest;
  readonly lock: Lock;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
  readonly state: State;
  readonly directory: string;
  readonly context: BuilderContext;
  readonly hookEnvironment: Readonly<Record<string, string>>;
  readonly hooks: Hooks;
  readonly read: (request: SiteImageRequest, signal?: AbortSignal) => Promise<SiteTree>;
}

async function build({ request, lock, emit, signal, state, directory, context, hookEnvironment, hooks, read }: Build): Promise<void> {
  const work = { emit, signal, hookEnvironment };
  const builders = await hooks.ensureBuilders(request, lock, context, work);
  const ignore = await ignoreOf(request);
  const saw = await whileItChanges(() => read(request, signal), signal);
  const workDir = join(directory, `built-${++state.builds}`);
  await mkdir(workDir, { recursive: true });
  try {
    const environment = { ...hookEnvironment, ...request.environment };
    const made = await hooks.hookedTree(request, saw, { context, work, workDir, builders, environment, ignore });
    if (state.hooks !== undefined) state.outdated.push(state.hooks.directory);
    state.hooks = { saw: treeOf(saw.entries), made: treeOf(made.entries), directory: workDir };
  } catch (error) {
    await rm(workDir, { recursive: true, force: true });
    throw error;
  }
}

interface Sync {
  readonly request: SiteImageRequest;
  readonly tree: SiteTree;
  readonly state: State;
  readonly directories: LiveCopy["directories"];
  readonly part: string;
  readonly signal: AbortSignal | undefined;
}

async function sync({ request, tree, state, directories, part, signal }: Sync): Promise<void> {
  const source = treeOf(tree.entries);
  const code = state.hooks === undefined ? source : overHooks(state.hooks, source);
  const { mounts } = request.served;
  for (const mount of mounts) state.mounts.add(mount);
  const php = aroundMounts(code, mounts, state.mounts);
  const web = aroundMounts(treeOf(webEntries([...code.values()], request.served)), mounts, state.mounts);
  if (request.php !== null) await placeTree(state.php, changesOf(state.php, php), { root: directories.php, part }, signal);
  const beside = { root: directories.php, tree: state.php };
  await placeTree(state.web, changesOf(state.web, web), { root: directories.web, part, beside }, signal);
  state.source = source;
  // What former build hooks made has been replaced by now.
  for (const outdated of state.outdated.splice(0)) await rm(outdated, { recursive: true, force: true });
}

/** What changed between two states of the copy, and what did in the source without reaching it. */
function report(
  request: SiteImageRequest,
  { before, tree, code }: { readonly before: { readonly source: Tree; readonly code: Tree }; readonly tree: SiteTree; readonly code: Tree },
): Synced {
  const placed = changesOf(before.code, code);
  const written = placed.write.filter(({ type }) => type !== "directory");
  const saved = changesOf(before.source, treeOf(tree.entries));
  const first = before.source.size === 0;
  const touched = [...saved.write.filter(({ type }) => type !== "directory").map(({ path }) => path), ...saved.remove];
  return {
    written: written.map(({ path }) => path).toSorted(),
    removed: placed.remove.filter((path) => before.code.get(path)?.type !== "directory").toSorted(),
    onVolumes: first ? [] : touched.filter((path) => isOnVolume(path, request.served.mounts)).toSorted(),
    dependencies: first || request.hooks.length === 0 ? [] : dependencyFiles(touched),
    files: [...code.values()].filter(({ type }) => type === "file").length,
    bytes: written.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0),
    watched: watchedFiles(tree.entries, request.watch ?? []),
    skippedLinks: tree.skippedLinks,
  };
}

/** How often a tree that changes while it is read is read again. */
const ATTEMPTS = 20;

/** A file that is deleted between being listed and being read is no failure: the tree is read again. */
async function whileItChanges<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") || attempt >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * 5));
    }
  }
}

/** The directories that the tree was read from, those outside of it that links brought in included. */
async function placesOf(source: string, { entries }: SiteTree): Promise<ReadonlySet<string>> {
  const root = await realpath(source);
  return new Set([
    root,
    ...entries.flatMap((entry) => {
      if (entry.type === "directory") return [join(root, entry.path)];
      return entry.type === "file" && "file" in entry.from ? [dirname(entry.from.file)] : [];
    }),
  ]);
}

/** File systems whose changes on another machine the kernel does not hear of, by the magic numbers of statfs(2): NFS, SMB, CIFS, 9p, FUSE, vboxsf, Ceph. */
const UNHEARD: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x786f4256, 0x00c36400]);

async function hearsNothing(directory: string): Promise<boolean> {
  const found = await statfs(directory).catch(() => undefined);
  return found !== undefined && UNHEARD.has(found.type);
}
