import type { Emit } from "../kernel/event.ts";
import type { Lock } from "./image-lock.ts";
import type { SiteImageRequest, SkippedLink, WatchedFiles } from "./image-builder.ts";

/** What one sync did. Paths are relative to the tree, sorted. */
export interface Synced {
  /** Files and links that are new or different now. */
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Changed in the tree, but a volume lies over them in the pods. */
  readonly onVolumes: readonly string[];
  /** Files that name dependencies (composer.lock, package.json…) changed: what the build hooks made of them is old. */
  readonly dependencies: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** As `SiteImages.watched`: what the site's migration is made of. */
  readonly watched: WatchedFiles;
  readonly skippedLinks: readonly SkippedLink[];
}

/**
 * A copy of a site's code that running pods have mounted: the same files as its images would have, by the same rules (ignore file, secrets,
 * links, what the web server shows), each written beside its place and renamed into it, so that no reader ever sees half of one.
 */
export interface LiveCopy {
  /** What to mount: the whole tree for PHP, what nginx shows for the web server. */
  readonly directories: { readonly php: string; readonly web: string };
  /**
   * Runs the build hooks over the tree as it is; the next `sync` takes what they made. Does nothing without hooks.
   * Errors: `image/build-hook-failed`, after which what they made before stays.
   */
  build(request: SiteImageRequest, lock: Lock, emit: Emit, signal?: AbortSignal): Promise<void>;
  /** Makes the copy what the tree is now. A tree that changes meanwhile is read again. Errors: `detect/empty`, `machine/disk-full`. */
  sync(request: SiteImageRequest, signal?: AbortSignal): Promise<Synced>;
  /**
   * Waits until something in the tree or one of the `also` directories may have changed since the last `sync` began, and has been quiet for a
   * moment. Answers when that began (milliseconds since 1970). Rejects when the signal aborts.
   */
  changed(signal: AbortSignal): Promise<number>;
  /** How changes are noticed: told by the kernel, or by looking now and then (network file systems; too many directories). */
  noticing(): "events" | "polling";
  /** Stops watching; the files stay. */
  close(): void;
}

/** Where and beside what a copy is kept. */
export interface LiveCopyOptions {
  /** An absolute directory of its own, which need not exist. */
  readonly directory: string;
  /** Absolute directories that are watched beside the tree: the site file's. */
  readonly also: readonly string[];
}
