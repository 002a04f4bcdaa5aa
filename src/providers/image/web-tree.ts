import { posix } from "node:path";
import type { ServedFiles } from "../image-builder.ts";
import { contentHash } from "./content-hash.ts";
import type { SiteEntry } from "./site-tree.ts";

/** What nginx needs at the name of a script: that there is a file. PHP has its content. */
const EMPTY = { type: "file", executable: false, size: 0, sha256: contentHash(""), from: { content: "" } } as const;

/** Names that nginx hands to PHP, and names that might be taken for PHP: their content is never in a web image, whatever a site's rules say. */
const SCRIPT = /\.php$/;
const LOOKS_LIKE_SCRIPT = /\.ph(?:p|t|ar)[^/]*$/i;

/** Symlinks that one path may lead through, as Linux has it. */
const MAX_LINKS = 40;

interface Walk {
  /** Locations that map their URLs to directories elsewhere: what lies below their path here is not what they show. */
  readonly aliases: ServedFiles["locations"];
  readonly served: ServedFiles;
  readonly hidden: readonly RegExp[];
  readonly byPath: ReadonlyMap<string, SiteEntry>;
  readonly children: ReadonlyMap<string, readonly SiteEntry[]>;
  readonly found: Map<string, SiteEntry>;
  /** Directories that were looked at, with what their URL was judged by: links may lead to one from many places, and in circles. */
  readonly visited: Set<string>;
}

/**
 * The part of a site's code that its web server shows: files that some URL reaches, scripts as empty files, the directories above, and links
 * with what they lead to. What is on a volume, hidden by its name, denied or in a closed location is not there. Sorted by path.
 */
export function webEntries(entries: readonly SiteEntry[], served: ServedFiles): readonly SiteEntry[] {
  const children = new Map<string, SiteEntry[]>();
  for (const entry of entries) {
    const parent = parentOf(entry.path);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [entry]);
    else siblings.push(entry);
  }
  const walk: Walk = {
    aliases: [],
    served,
    hidden: served.hidden.map(({ pattern, anyCase }) => new RegExp(pattern, anyCase ? "i" : "")),
    byPath: new Map(entries.map((entry) => [entry.path, entry])),
    children,
    found: new Map(),
    visited: new Set(),
  };
  const root = served.locations.find(({ path }) => path === "/")?.directory ?? ".";
  for (const { path, directory } of served.locations) {
    if (path !== "/" && directory === posix.join(root, path)) continue; // reached from the root
    const url = path === "/" ? "" : path;
    const entry = walk.byPath.get(directory);
    const from = {
      ...walk,
      aliases: served.locations.filter((other) => other.path !== path && other.directory !== posix.join(root, other.path)),
    };
    if (directory === ".") visitChildren(from, "", url);
    else if (entry !== undefined) visit(from, entry, url);
  }
  for (const path of walk.found.keys()) addParents(walk, path);
  return [...walk.found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function visitChildren(walk: Walk, directory: string, url: string): void {
  const within = `${url}/x`;
  const key = JSON.stringify([directory, locationOf(walk, within)?.path, isShown(walk, within)]);
  if (walk.visited.has(key)) return;
  walk.visited.add(key);
  for (const entry of walk.children.get(directory) ?? []) visit(walk, entry, `${url}/${posix.basename(entry.path)}`);
}

function visit(walk: Walk, entry: SiteEntry, url: string): void {
  const location = locationOf(walk, url);
  if (location !== undefined && walk.aliases.includes(location)) return;
  if (entry.type === "directory") {
    if (isShown(walk, url)) walk.found.set(entry.path, entry);
    if (!isOnVolume(walk, entry.path)) visitChildren(walk, entry.path, url);
  } else if (isOnVolume(walk, entry.path)) {
    return;
  } else if (entry.type === "symlink") {
    if (!isShown(walk, url) && !isScript(walk, url)) return;
    walk.found.set(entry.path, entry);
    const target = follow(walk, entry);
    if (target !== undefined) visit(walk, target, url);
  } else if (LOOKS_LIKE_SCRIPT.test(entry.path)) {
    if (isScript(walk, url)) walk.found.set(entry.path, { path: entry.path, ...EMPTY });
  } else if (isShown(walk, url)) walk.found.set(entry.path, entry);
}

/** Whether nginx looks for a file at this URL path to send it. */
function isShown(walk: Walk, url: string): boolean {
  const serves = locationOf(walk, url)?.serves ?? "nothing";
  return serves === "all" || (serves === "public" && !walk.hidden.some((hidden) => hidden.test(url)));
}

/** Whether nginx looks for a file at this URL path to hand it to PHP. */
function isScript(walk: Walk, url: string): boolean {
  return SCRIPT.test(url) && locationOf(walk, url)?.serves === "public";
}

function locationOf(walk: Walk, url: string): ServedFiles["locations"][number] | undefined {
  let best: ServedFiles["locations"][number] | undefined;
  for (const location of walk.served.locations) {
    const matches = location.path === "/" || url === location.path || url.startsWith(`${location.path}/`);
    if (matches && location.path.length >= (best?.path.length ?? 0)) best = location;
  }
  return best;
}

function isOnVolume(walk: Walk, path: string): boolean {
  return walk.served.mounts.some((mount) => path === mount || path.startsWith(`${mount}/`));
}

/** The file or directory that a link ends at, with every link on the way kept; undefined outside of the tree and on volumes. */
function follow(walk: Walk, link: Extract<SiteEntry, { type: "symlink" }>, hops = 0): SiteEntry | undefined {
  if (hops > MAX_LINKS || link.target.startsWith("/")) return undefined;
  let here = "";
  const parts = posix.join(parentOf(link.path), link.target).split("/");
  for (const [index, part] of parts.entries()) {
    here = here === "" ? part : `${here}/${part}`;
    const entry = walk.byPath.get(here);
    if (entry === undefined || isOnVolume(walk, here)) return undefined;
    if (entry.type === "symlink") {
      walk.found.set(entry.path, entry);
      const target = follow(walk, entry, hops + 1);
      if (target === undefined || index === parts.length - 1) return target;
      here = target.path;
    }
  }
  return walk.byPath.get(here);
}

function addParents(walk: Walk, path: string): void {
  for (let parent = parentOf(path); parent !== "" && !walk.found.has(parent); parent = parentOf(parent)) {
    walk.found.set(parent, { path: parent, type: "directory" });
  }
}

function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end === -1 ? "" : path.slice(0, end);
}
