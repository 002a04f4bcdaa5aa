import { IMAGE_EPOCH } from "./image-epoch.ts";
import type { ImageTree } from "./image-tree.ts";

/** One entry of a layer to be written: what the header says, and where the bytes come from. */
export interface TarSource {
  /** Without a slash at either end. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly target: string;
  /** The content, exactly `size` bytes. Called at most once, for files only. */
  readonly read: () => Promise<Uint8Array>;
}

const nothing = (): Promise<Uint8Array> => Promise.resolve(Buffer.alloc(0));

/** A directory of a layer. */
export function directorySource(path: string, mode = 0o755): TarSource {
  return { path, type: "directory", mode, size: 0, mtime: IMAGE_EPOCH, target: "", read: nothing };
}

/** A symlink of a layer. */
export function symlinkSource(path: string, target: string): TarSource {
  return { path, type: "symlink", mode: 0o777, size: 0, mtime: IMAGE_EPOCH, target, read: nothing };
}

/** The entries of a tree, in its order. */
export function sourcesOf(tree: ImageTree): readonly TarSource[] {
  return tree.paths().flatMap((path): TarSource[] => {
    const entry = tree.get(path);
    if (entry === undefined) return [];
    if (entry.type === "directory") return [directorySource(path, entry.mode)];
    if (entry.type === "symlink") return [symlinkSource(path, entry.target)];
    return [{ path, type: "file", mode: entry.mode, size: entry.size, mtime: IMAGE_EPOCH, target: "", read: () => tree.read(entry) }];
  });
}
