import type { Readable } from "node:stream";
import type { BaseRequest } from "../catalog/image-recipes.ts";
import type { Emit } from "../kernel/event.ts";
import type { ImageContents } from "../kernel/image-contents.ts";
import type { NodeVersion } from "../catalog/node-versions.ts";
import type { Lock } from "./image-lock.ts";
import type { LiveCopy, LiveCopyOptions } from "./live-copy.ts";

/** An image in the machine's own storage. */
export interface BuiltImage {
  /** `localhost/howdah/php:<recipe hash>`: the name says the content, so a name is a pin. Other instances than the default one have names of their own. */
  readonly reference: string;
  /** Manifest digest, `sha256:…`: the same on every machine that builds the same lock. */
  readonly digest: string;
  /** Uncompressed bytes, base layers included. */
  readonly sizeBytes: number;
  /** False when it was there already. */
  readonly built: boolean;
}

/** Asks for the packages of base images to be pinned. */
export interface LockRequest {
  readonly images: readonly BaseRequest[];
  /** Images of somebody else, by the names that site files have for them. */
  readonly foreign?: readonly string[];
  /** What is pinned already stays pinned. */
  readonly current?: Lock;
  /** `howdah pin`: take the newest packages, whatever `current` says. */
  readonly renew?: boolean;
}

/** Where nginx looks for files, as data: decides what a web image holds. */
export interface ServedFiles {
  /** URL paths with the directory (relative to the tree, `.` for all of it) that nginx maps them to; the longest path decides. */
  readonly locations: readonly {
    readonly path: string;
    readonly directory: string;
    /** `public`: all but hidden names; `all`: hidden names too (only PHP leads there); `nothing`: refused or redirected. */
    readonly serves: "public" | "all" | "nothing";
  }[];
  /** Regular expressions on URL paths of what a public location never sends. */
  readonly hidden: readonly { readonly pattern: string; readonly anyCase: boolean }[];
  /** Paths, relative to the tree, that a volume hides. */
  readonly mounts: readonly string[];
}

/** Asks for the images of one site: the base images with layers of code. */
export interface SiteImageRequest {
  /** Site name: names the images and the caches. */
  readonly site: string;
  /**
   * Whose caches and home directory the build hooks have; left out: the site's. A branch's hooks write what they like there, and it would run in the next build.
   */
  readonly hookCache?: string;
  /** Base of nginx: an image reference in the machine's storage. */
  readonly web: string;
  /** Base of PHP: a reference, or null for a static site. */
  readonly php: string | null;
  /** Absolute path of the tree. */
  readonly source: string;
  /** Absolute directories outside of the tree whose files symlinks in it may bring in (Debian's packages: /usr/share/…, /etc/…). */
  readonly followInto: readonly string[];
  /**
   * Root of the file system that the tree was made for, when it is not the machine's: an unpacked Debian package (`X/usr/share/app` -> `X`).
   * Absolute symlink targets and `followInto` are looked up below it. Default: `/`.
   */
  readonly systemRoot?: string;
  /** Patterns as in `.gitignore`, beyond Howdah's own list and the tree's `.howdahignore` or `.dockerignore`. */
  readonly ignore: readonly string[];
  /** Files that Howdah writes into the tree, relative to it. A file that the tree has wins, unless `replace` says otherwise. */
  readonly configuration: readonly { readonly path: string; readonly content: string; readonly replace?: boolean }[];
  /** Build hooks, in order, as argument arrays; they run in the code root of a copy. */
  readonly hooks: readonly (readonly string[])[];
  /** The builder with PHP (`phpBuilder` of the catalog); used only when a hook needs it. */
  readonly builder: BaseRequest;
  /** Node of the builder for hooks that start node, npm or npx. */
  readonly node: NodeVersion;
  /** Environment of the hooks; no secrets: what a hook prints is shown. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Mount paths (relative to the tree) whose content must also lie at `/usr/share/howdah/seed/<path>` in the PHP image:
   * a volume hides what the code has there, and the entrypoint seeds an empty volume from this copy.
   */
  readonly seeds?: readonly string[];
  /** What of the tree the web image holds, with compressed copies of its texts for nginx's `gzip_static` and `brotli_static`. */
  readonly served: ServedFiles;
  /** Patterns (`.gitignore`'s notation) of the files that the site's migration is made of, for `watched`. */
  readonly watch?: readonly string[];
  /**
   * `code: writable`: the code lies at `/usr/share/howdah/code` instead of `/srv/web` (a volume is mounted there and the entrypoint merges), and
   * in the PHP image only: nginx reads the volume.
   */
  readonly writable?: boolean;
}

/** Asks for a copy of a site's code that programs may change. */
export interface WorkingCopyRequest
  extends Pick<
    SiteImageRequest,
    "site" | "source" | "followInto" | "systemRoot" | "configuration" | "hooks" | "builder" | "node" | "environment"
  > {
  /** Patterns of what is not copied, beyond Howdah's own list. The tree's ignore file is for images and says nothing here. */
  readonly ignore: readonly string[];
  /** Directories, relative to the tree, that are made when the code has none: what a site mounts. */
  readonly directories: readonly string[];
}

/** A copy of a site's code after its build hooks, owned by the user that sites run as. */
export interface WorkingCopy {
  /** Absolute path on this machine. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** A symlink that leaves the tree for a place that is not allowed or not for everyone to read, or dangles; it is not in the image. */
export interface SkippedLink {
  readonly path: string;
  readonly target: string;
  readonly why: "outside" | "private" | "dangling" | "loop";
}

/** Files by path, with the sha256 of their content; `+` after it for an executable, `-> TARGET` for a symlink. */
export type WatchedFiles = Readonly<Record<string, string>>;

/** The images of a site: PHP's has the whole tree, the web server's what it shows. */
export interface SiteImages {
  readonly web: BuiltImage;
  readonly php: BuiltImage | null;
  /** sha256 over the code's names, modes and contents as the build hooks left it, and how the images hold it: the same tree gives the same. */
  readonly codeDigest: string;
  /** The files that `watch` names, before any build hook: path to identity, the same on every machine. */
  readonly watched: WatchedFiles;
  readonly files: number;
  readonly skippedLinks: readonly SkippedLink[];
}

/** An image as a registry takes it. Digests are `sha256:…` of exactly these bytes, sizes are bytes. */
export interface ExportedImage {
  readonly manifest: ExportedBlob;
  readonly config: ExportedBlob;
  /** Base first. */
  readonly layers: readonly {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    /** sha256 of the layer uncompressed: the same layer in all images. */
    readonly diffId: string;
    /** The compressed bytes, from byte `from` on (default 0): may be opened more than once. */
    readonly open: (from?: number) => Readable;
  }[];
}

/** A part of an image that fits into memory. */
export interface ExportedBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** One image that Howdah made. */
export interface ImageSummary {
  readonly reference: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** `php`, `nginx`, `mariadb`, `php-builder`, `node-builder`, `foreign` (somebody else's), or `site`. */
  readonly kind: string;
  /** Site name of a site's image. */
  readonly site?: string;
}

/**
 * Makes container images. Everything is cached by content: asking for what exists does nothing and says `built: false`.
 * Errors: `image/*` by name, `machine/disk-full`, `machine/tool-missing`, `cancelled`; a failure leaves no half-made image and no damaged cache.
 */
export interface ImageBuilder {
  /** Pins the packages of base images: `current` plus what it lacks; entries that nothing asks for are dropped. Needs the package source only for what is new. */
  lock(request: LockRequest, emit: Emit, signal?: AbortSignal): Promise<Lock>;
  /** The base image of a request that is in the lock; `image/package-unknown` when it isn't. */
  ensureBase(request: BaseRequest, lock: Lock, emit: Emit, signal?: AbortSignal): Promise<BuiltImage>;
  /** An image of somebody else, by its name: the one whose digest is in the lock, pulled when the machine does not have it. */
  ensureForeign(reference: string, lock: Lock, emit: Emit, signal?: AbortSignal): Promise<BuiltImage>;
  /** The site's images. With hooks, `lock` must hold the builders of `builderRequests`. */
  ensureSite(request: SiteImageRequest, lock: Lock, emit: Emit, signal?: AbortSignal): Promise<SiteImages>;
  /** A copy of a site's code that pods mount while `deploy --watch` runs, empty; whoever opens it removes its directory. */
  openLive(options: LiveCopyOptions): Promise<LiveCopy>;
  /** A copy of the site's code that programs may change. With hooks, `lock` must hold the builders of `builderRequests`. Whoever asks removes it. */
  workingCopy(request: WorkingCopyRequest, lock: Lock, emit: Emit, signal?: AbortSignal): Promise<WorkingCopy>;
  /** An image of this machine, by its name, as a registry takes it: gzip layers, each compressed once on this machine. */
  export(reference: string, emit: Emit, signal?: AbortSignal): Promise<ExportedImage>;
  /** What an exported image holds, from its own files: packages, licences, lists of libraries. A layer is read once on this machine. */
  contents(image: ExportedImage, signal?: AbortSignal): Promise<ImageContents>;
  /** Every image of this instance, sorted by reference. */
  list(signal?: AbortSignal): Promise<readonly ImageSummary[]>;
  /**
   * Takes images of this instance away by reference, and images that nobody has named by id. Those that a container has stay, and those that another process needs: one that builds now,
   * or has since `decidedAt` (milliseconds since 1970; when it was read what is unused). What other instances have stays theirs. Returns what
   * was removed.
   */
  remove(
    references: readonly string[],
    options?: { readonly decidedAt?: number; readonly signal?: AbortSignal },
  ): Promise<readonly string[]>;
}
