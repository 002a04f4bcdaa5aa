import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";

type Rule = Site["web"]["locations"][number];

/** A front controller: which script answers what is no file. */
export interface Front {
  /** URL path of the script. */
  readonly script: string;
  /** Its file. */
  readonly filename: string;
  /** A page instead of a script: an application in the browser. */
  readonly isPage: boolean;
  readonly pathInfo: boolean;
  readonly query: string | undefined;
  /** The location that declared it: `query` counts from there. */
  readonly base: string;
}

/** What happens below a path, with everything that it takes over from the paths above. */
export interface EffectiveLocation {
  /** `/`, or without a slash at its end. */
  readonly path: string;
  /** Where its files are. */
  readonly directory: string;
  /** True when `directory` is not simply below the web root. */
  readonly isAlias: boolean;
  readonly allow: boolean;
  readonly internal: boolean;
  readonly scripts: boolean;
  /** The volume that it lies on, by its path in the container; undefined for code. */
  readonly mount: string | undefined;
  readonly front: Front | undefined;
  readonly expires: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: Rule["redirect"];
}

/** The directory that browsers see as `/`. */
export function webRootOf(site: Site): string {
  return below(CODE_ROOT, site.web.root);
}

function below(directory: string, path: string): string {
  return path === "." || path === "" ? directory : `${directory}/${path}`;
}

/**
 * The site's locations with what mounts add, shortest path first. A path takes over from those above it: `allow`, `scripts`, `internal`,
 * `headers`, `expires`, and the front controller unless it says something of its own about serving. Scripts never run on volumes,
 * whatever a location says (M10).
 */
export function effectiveLocations(site: Site): readonly EffectiveLocation[] {
  const rules = new Map<string, Rule>(site.web.locations.map((rule) => [decoded(rule.path), { ...rule, path: decoded(rule.path) }]));
  const declared = new Set(rules.keys());
  for (const path of ["/", ...builtInDenied(site)]) {
    if (!rules.has(path)) rules.set(path, path === "/" ? { path } : { path, allow: false });
  }
  const made: EffectiveLocation[] = [];
  const add = (path: string): void => {
    const rule = rules.get(path) ?? { path };
    made.push(effective(site, rule, { parent: parentOf(made, path), isDeclared: declared.has(path) || path === "/" }));
  };
  for (const path of [...rules.keys()].sort(byDepth)) add(path);
  for (const path of mountPaths(site, made)) if (!rules.has(path)) add(path);
  const all = made.map(({ path }) => path).sort(byDepth);
  made.length = 0;
  for (const path of all) add(path);
  return made;
}

/** nginx compares decoded paths. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function byDepth(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/** Libraries in a web root that is the whole tree: nothing there is for browsers. A web root of its own may publish a `vendor`. */
function builtInDenied(site: Site): readonly string[] {
  return site.web.root === "." ? ["/vendor"] : [];
}

function parentOf(made: readonly EffectiveLocation[], path: string): EffectiveLocation | undefined {
  return made.findLast((one) => one.path !== path && (one.path === "/" || path.startsWith(`${one.path}/`)));
}

function effective(
  site: Site,
  rule: Rule,
  at: { readonly parent: EffectiveLocation | undefined; readonly isDeclared: boolean },
): EffectiveLocation {
  const { parent } = at;
  const inherited =
    parent === undefined ? webRootOf(site) : `${parent.directory}/${rule.path.slice(parent.path === "/" ? 1 : parent.path.length + 1)}`;
  const directory = rule.root === undefined ? inherited : below(CODE_ROOT, rule.root);
  const mount = site.mounts.find((one) => isWithin(directory, `${CODE_ROOT}/${one.path}`));
  const internal = rule.internal ?? parent?.internal ?? false;
  const keepsFront = !at.isDeclared || (rule.allow === undefined && rule.root === undefined && decorates(rule));
  return {
    path: rule.path,
    directory,
    isAlias: directory !== below(webRootOf(site), rule.path.slice(1)),
    allow: internal || ((rule.allow ?? parent?.allow ?? true) && mount?.served !== false),
    internal,
    scripts: site.runtime !== null && mount === undefined && (rule.scripts ?? parent?.scripts ?? true),
    mount: mount === undefined ? undefined : `${CODE_ROOT}/${mount.path}`,
    front: frontOf(site, rule, { directory, parent: keepsFront ? parent?.front : undefined }),
    expires: rule.expires ?? parent?.expires,
    headers: { ...parent?.headers, ...rule.headers },
    redirect: rule.redirect,
  };
}

/** True for a rule that only narrows or adds: `{ scripts: false }`, `{ expires: 7d }`. An empty rule says: no front controller here. */
function decorates(rule: Rule): boolean {
  return rule.scripts !== undefined || rule.expires !== undefined || rule.headers !== undefined;
}

function isWithin(directory: string, ancestor: string): boolean {
  return directory === ancestor || directory.startsWith(`${ancestor}/`);
}

function frontOf(site: Site, rule: Rule, at: { readonly directory: string; readonly parent: Front | undefined }): Front | undefined {
  if (rule.passthru === false) return undefined;
  if (rule.passthru === undefined) return at.parent;
  const isPage = !rule.passthru.endsWith(".php");
  if (site.runtime === null && !isPage) return undefined;
  const isBelow = rule.root !== undefined && rule.passthru.startsWith(`${rule.path === "/" ? "" : rule.path}/`);
  const filename = isBelow
    ? `${at.directory}/${rule.passthru.slice(rule.path === "/" ? 1 : rule.path.length + 1)}`
    : `${webRootOf(site)}${rule.passthru}`;
  const mount = site.mounts.find((one) => isWithin(filename, `${CODE_ROOT}/${one.path}`));
  if (mount !== undefined && !isPage) {
    throw new HowdahError("site/invalid", `The front controller ${rule.passthru} lies in the mount ${mount.path}, where PHP never runs`, {
      hint: "Keep scripts out of writable paths, or use `code: writable` without that mount.",
    });
  }
  return { script: rule.passthru, filename, isPage, pathInfo: rule.pathInfo === true, query: rule.query, base: rule.path };
}

/** URL paths at which volumes can be reached, through the web root and through every alias. */
function mountPaths(site: Site, locations: readonly EffectiveLocation[]): readonly string[] {
  const found = new Set<string>();
  for (const { path, directory, isAlias } of locations) {
    if (path !== "/" && !isAlias) continue;
    for (const mount of site.mounts) {
      const target = `${CODE_ROOT}/${mount.path}`;
      if (target.startsWith(`${directory}/`)) found.add(`${path === "/" ? "" : path}${target.slice(directory.length)}`);
    }
  }
  return [...found];
}
