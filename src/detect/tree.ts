/** One entry of an existing tree. Paths are relative to its root, with `/`, never starting with `./`. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  /** Bytes, for files. */
  readonly size: number;
  /** Permission bits, such as 0o755. */
  readonly mode: number;
  /** Owner's name when it is one that says something (`www-data`), else undefined. */
  readonly owner?: string;
  /** A symlink's target as written. */
  readonly target?: string;
  /** True when the target leaves the tree. */
  readonly leaves?: boolean;
}

/**
 * An existing tree, read but never run. Detectors see the world only through this port, so they are pure and are tested with literal trees.
 * The adapter bounds what it reads (entries, bytes a file) and never follows a symlink out of the roots that it was given.
 */
export interface Tree {
  /** All entries, sorted by path; symlinks that leave the tree but stay in allowed roots appear as what they point to. */
  readonly entries: readonly TreeEntry[];
  /** True when the adapter stopped before the end. */
  readonly truncated: boolean;
  /** A file's text as UTF-8 with replacement characters, or undefined when it is missing, not a file or larger than the adapter's limit (512 kB). */
  read(path: string): string | undefined;
}
