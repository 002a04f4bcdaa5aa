/** A Debian package as an image's own files tell of it. */
export interface InstalledPackage {
  readonly name: string;
  /** Debian's, with epoch and revision: `1:2.3-4+deb12u1`. */
  readonly version: string;
  /** Debian's: `amd64`, `all`. */
  readonly architecture: string;
  /** The source package, by which Debian's security team knows it. */
  readonly source: { readonly name: string; readonly version: string };
  readonly homepage: string | null;
  /** What `debian/copyright` calls the licences, in its own notation (`GPL-2+ and Expat`), sorted; none when it says so in prose only. */
  readonly licences: readonly string[];
}

/** A list of libraries that lies in an image: `composer.lock`, composer's `installed.json`, `package-lock.json`. */
export interface LibraryList {
  /** Relative to the root of the code. */
  readonly path: string;
  readonly text: string;
}

/** What an image holds, read from its layers: nothing is taken from what was meant to be in it. */
export interface ImageContents {
  /** Digest of the manifest as a registry has it, `sha256:…`. */
  readonly digest: string;
  readonly architecture: string;
  /** RFC 3339 in UTC, whole seconds: one constant in images of ours. */
  readonly created: string;
  /** ID and VERSION_ID of its os-release; null when it has none. */
  readonly distribution: { readonly id: string; readonly version: string } | null;
  /** Sorted by name and architecture. */
  readonly packages: readonly InstalledPackage[];
  /** Sorted by path. */
  readonly libraries: readonly LibraryList[];
}
