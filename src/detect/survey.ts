import { lineAt, type Origin, type PhpFile, readPhpFile } from "./php-file.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** A tree, indexed once for all detectors: what is where, and what its PHP files say. */
export interface Survey {
  readonly tree: Tree;
  readonly files: readonly string[];
  readonly directories: ReadonlySet<string>;
  readonly php: readonly PhpFile[];
  /** Number of PHP files, also of those that were not read. */
  readonly phpCount: number;
  entry(path: string): TreeEntry | undefined;
  has(path: string): boolean;
  read(path: string): string | undefined;
  /** Names directly in a directory (`.` is the root). */
  children(directory: string): readonly TreeEntry[];
  origin(path: string): Origin;
  line(path: string, offset: number): number | undefined;
}

/** Files beyond these are not read: a bound on time, reached by no application that was seen (MediaWiki has 11,000). */
const mostPhpFiles = 30_000;
const mostPhpBytes = 250_000_000;

const vendorNames = new Set(
  "vendor node_modules bower_components third-party thirdparty third_party 3rdparty external externals contrib".split(" "),
);
const asideNames = new Set(
  "test tests testing unittest unittests phpunit spec specs doc docs documentation apidoc apidocs example examples sample samples demo demos stubs fixtures .git .github .gitlab locale locales i18n lang languages debian tools dev benchmark benchmarks".split(
    " ",
  ),
);
const addonNames = new Set("plugins plugin extensions extension modules addons addon wp-content themes skins bridges".split(" "));

/** The directory of a path; `.` for the root's entries. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, slash);
}

/** The last part of a path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Joins two relative paths; `.` is the root. */
export function joinPath(directory: string, path: string): string {
  return directory === "." ? path : `${directory}/${path}`;
}

/** True for a path in a directory (`.` holds everything), or the directory itself. */
export function isWithin(path: string, directory: string): boolean {
  return directory === "." || path === directory || path.startsWith(`${directory}/`);
}

/** Directories that composer filled: they hold `composer/installed.json` or `composer/autoload_real.php`. */
function composerDirectories(files: readonly string[]): string[] {
  return files.flatMap((file) => /^(.*)\/composer\/(?:installed\.(?:json|php)|autoload_real\.php)$/.exec(file)?.[1] ?? []);
}

function originOf(path: string, vendors: ReadonlySet<string>): Origin {
  const parts = path.split("/");
  let addon = false;
  let prefix = "";
  for (const part of parts.slice(0, -1)) {
    prefix = prefix === "" ? part : `${prefix}/${part}`;
    const lower = part.toLowerCase();
    if (asideNames.has(lower)) return "aside";
    // `jquery-1.2`, `dwoo-1.1.0`: a directory with a version in its name holds somebody else's release.
    const bundled = vendorNames.has(lower) || /^[a-z][\w.-]*-v?\d+\.\d+[\w.]*$/.test(lower);
    if (vendors.has(prefix) || bundled) return parts.some((each) => asideNames.has(each.toLowerCase())) ? "aside" : "vendor";
    if (addonNames.has(lower)) addon = true;
  }
  if (/(^|\/)(test[-_.]|.*[a-z]Test\.php$|.*\.test\.php$)/.test(path)) return "aside";
  return addon ? "addon" : "app";
}

const phpName = /\.(php[3-8]?|phtml|inc|php-dist|module|install|theme|engine|profile)$/i;

/** True for names that usually hold PHP. Scripts without a suffix are recognized by their first line. */
function mayBePhp(tree: Tree, entry: TreeEntry): boolean {
  if (phpName.test(entry.path)) return true;
  const base = baseOf(entry.path);
  const script = !base.includes(".") && (entry.mode & 0o111) !== 0 && entry.size < 100_000;
  return script && /^#!.*\bphp\b/.test(tree.read(entry.path)?.slice(0, 80) ?? "");
}

/** Reads a tree once. Everything that the detectors ask later is answered from this index. */
export function surveyTree(tree: Tree): Survey {
  const entries = new Map(tree.entries.map((entry) => [entry.path, entry]));
  const children = new Map<string, TreeEntry[]>();
  for (const entry of tree.entries) {
    const directory = directoryOf(entry.path);
    const siblings = children.get(directory);
    if (siblings === undefined) children.set(directory, [entry]);
    else siblings.push(entry);
  }
  const files = tree.entries.filter((entry) => entry.kind === "file").map((entry) => entry.path);
  const vendors = new Set(composerDirectories(files));
  const origin = (path: string): Origin => originOf(path, vendors);
  const candidates = tree.entries.filter((entry) => entry.kind === "file" && mayBePhp(tree, entry));
  return {
    tree,
    files,
    directories: new Set(tree.entries.filter((entry) => entry.kind === "directory").map((entry) => entry.path)),
    php: readAll(tree, candidates, origin),
    phpCount: candidates.filter((entry) => /\.(php[3-8]?|phtml)$/i.test(entry.path)).length,
    entry: (path) => entries.get(path),
    has: (path) => entries.has(path),
    read: (path) => tree.read(path),
    children: (directory) => children.get(directory) ?? [],
    origin,
    line: (path, offset) => lineAt(tree.read(path), offset),
  };
}

function readAll(tree: Tree, candidates: readonly TreeEntry[], origin: (path: string) => Origin): PhpFile[] {
  const rank: Readonly<Record<Origin, number>> = { app: 0, addon: 1, vendor: 2, aside: 3 };
  const wanted = candidates
    .map((entry) => ({ entry, origin: origin(entry.path) }))
    .filter((candidate) => candidate.origin !== "aside")
    .sort((a, b) => rank[a.origin] - rank[b.origin]);
  const read: PhpFile[] = [];
  let bytes = 0;
  for (const candidate of wanted) {
    bytes += candidate.entry.size;
    if (read.length >= mostPhpFiles || bytes > mostPhpBytes) break;
    const text = tree.read(candidate.entry.path);
    if (text?.includes("<?") === true) read.push(readPhpFile(candidate.entry.path, candidate.origin, text));
  }
  return read.sort((a, b) => (a.path < b.path ? -1 : 1));
}
