import type { Site } from "../../site/site.ts";
import { CACHE_STATUS, innerHeaders, isMicrocached, renderSwitch, SERVER_ADDRESS } from "./compressed-microcache.ts";
import { block, type Directive, directive, literal, when } from "./directive.ts";
import { type EffectiveLocation, effectiveLocations, type Front, webRootOf } from "./effective-locations.ts";
import { renderFastcgiParams } from "./fastcgi-params.ts";
import type { FastcgiUpstream } from "./nginx-facts.ts";
import { DENIED, FILE, HIDDEN_NAME } from "./protected-names.ts";

/** URL paths that PHP runs, with what follows the script. In the right case only: `x.PHP` is nobody's script. */
const SCRIPT = String.raw`[^/]\.php(?:/|$)`;
/** URL paths that look like scripts to anybody. */
const LOOKS_LIKE_SCRIPT = String.raw`\.ph(?:p|t|ar)[^/]*(?:/|$)`;
/** Scripts of libraries and in hidden directories: nobody's entry points (phpunit's eval-stdin.php was one). */
const LIBRARY = String.raw`/(?:vendor/|node_modules/|\.(?!well-known/))`;

/** Name of the map that holds the address of PHP-FPM when it must be looked up while nginx runs. */
export const PHP_ADDRESS = "$howdah_php";

/** What one location's directives are made from. */
interface Context {
  readonly site: Site;
  readonly upstream: FastcgiUpstream;
  readonly webRoot: string;
  /** Named locations that were needed, by their content. */
  readonly fronts: Map<string, { readonly name: string; readonly inner: readonly Directive[] }>;
}

/**
 * The locations of a site: longest path wins, scripts and protected names are judged inside each. With `liveCode` browsers keep no file
 * without asking whether it changed (`expires epoch` is `Cache-Control: no-cache`).
 */
export function renderLocations(site: Site, upstream: FastcgiUpstream, liveCode = false): readonly Directive[] {
  const context: Context = { site, upstream, webRoot: webRootOf(site), fronts: new Map() };
  const all = effectiveLocations(site);
  const wanted = liveCode ? all.map((location) => ({ ...location, expires: "epoch" })) : all;
  const locations = wanted.flatMap((location) => renderLocation(context, location));
  const fronts = [...context.fronts.values()].map(({ name, inner }) => block("location", [name], inner));
  return [...locations, ...fronts];
}

/** Maps for `query` front controllers: the URL below their location, as it was sent. For the http block. */
export function renderFrontMaps(site: Site): readonly Directive[] {
  const fronts = frontsWithQuery(site);
  if (fronts.length === 0) return [];
  return [
    block("map", ["$args", "$howdah_and_args"], [directive("default", "&$args"), directive("", "")]),
    ...fronts.map((base, index) =>
      block(
        "map",
        ["$request_uri", `$howdah_below${index}`],
        [
          directive("default", ""),
          directive(`~^${base === "/" ? "" : escapeRegex(base)}/+(?<howdah_rest${index}>[^?]*)`, `$howdah_rest${index}`),
        ],
      ),
    ),
  ];
}

function frontsWithQuery(site: Site): readonly string[] {
  return [...new Set(effectiveLocations(site).flatMap(({ front }) => (front?.query === undefined || front.isPage ? [] : [front.base])))];
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** `/uploads` covers `/uploads` and `/uploads/…`, not `/uploads-old`: an exact location and a prefix that regular expressions elsewhere don't override. */
function renderLocation(context: Context, location: EffectiveLocation): Directive[] {
  const inner = renderInner(context, location);
  if (location.path === "/") return [block("location", ["/"], inner)];
  return [block("location", ["=", location.path], renderExact(context, location)), block("location", ["^~", `${location.path}/`], inner)];
}

function renderExact(context: Context, location: EffectiveLocation): readonly Directive[] {
  const closed = renderClosed(location);
  if (closed !== undefined) return closed;
  if (location.isAlias) return [directive("return", "301", `${literal(encodeURI(location.path))}/$is_args$args`)];
  if (location.path.endsWith(".php") && location.scripts) return renderScript(context, location);
  return renderFiles(context, location);
}

/** Locations that serve nothing: a redirect, a refusal. */
function renderClosed({ redirect, allow }: EffectiveLocation): readonly Directive[] | undefined {
  if (redirect !== undefined) return [directive("return", redirect.status, literal(encodeTarget(redirect.to)))];
  return allow ? undefined : [directive("return", 403)];
}

/** Browsers get ASCII; what is encoded already stays. */
export function encodeTarget(target: string): string {
  return encodeURI(target.toWellFormed()).replaceAll("%25", "%").replaceAll("%5B", "[").replaceAll("%5D", "]");
}

function renderInner(context: Context, location: EffectiveLocation): readonly Directive[] {
  const closed = renderClosed(location);
  if (closed !== undefined) return closed;
  const slash = location.path === "/" ? "" : "/";
  return [
    ...(location.isAlias ? [directive(location.path === "/" ? "root" : "alias", `${literal(location.directory)}${slash}`)] : []),
    ...renderFiles(context, location),
    ...renderScripts(context, location),
  ];
}

function renderScripts(context: Context, location: EffectiveLocation): readonly Directive[] {
  if (location.internal) return [];
  if (!location.scripts) return [block("location", ["~*", LOOKS_LIKE_SCRIPT], [directive("return", 403)])];
  return [block("location", ["~", SCRIPT], renderScript(context, location))];
}

function renderFiles(context: Context, location: EffectiveLocation): readonly Directive[] {
  const { internal, front, expires, mount } = location;
  // A wiki may have a page called `Php.ini`: where names are pages, hidden names are no files, but not refused.
  const namesArePages = front !== undefined && !front.isPage && (front.pathInfo || front.query !== undefined);
  const file = namesArePages ? FILE : "$uri";
  return [
    ...(internal ? [directive("internal")] : [when([DENIED], [directive("return", 403)])]),
    ...(internal || namesArePages ? [] : [when([HIDDEN_NAME], [directive("return", 403)])]),
    ...(expires === undefined ? [] : [directive("expires", expires)]),
    ...renderHeaders(context, location),
    ...(mount === undefined ? [] : renderVolume(context, location, mount)),
    ...(internal ? [] : [directive("try_files", file, `${file}/`, ...fallback(context, location))]),
  ];
}

/** Files on volumes change at any time, and a link there could point anywhere, such as to a certificate's key. */
function renderVolume(context: Context, location: EffectiveLocation, mount: string): readonly Directive[] {
  const from =
    mount.startsWith(`${context.webRoot}/`) && !location.isAlias
      ? `$document_root${literal(mount.slice(context.webRoot.length))}`
      : literal(mount);
  return [directive("open_file_cache", "off"), directive("disable_symlinks", "on", `from=${from}`)];
}

/** Headers are not inherited by a location that has one of its own, so each gets all. */
function renderHeaders({ site }: Context, { headers }: EffectiveLocation): readonly Directive[] {
  const own = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return own.length === 0
    ? []
    : [...baseHeaders(site), ...own.map(([name, value]) => directive("add_header", name, literal(value), "always"))];
}

/** Headers of every answer. */
export function baseHeaders(site: Site): readonly Directive[] {
  return [
    directive("add_header", "X-Content-Type-Options", "nosniff", "always"),
    // No search engine shows a copy in the place of the site.
    ...(site.preview === undefined ? [] : [directive("add_header", "X-Robots-Tag", literal("noindex, nofollow, noarchive"), "always")]),
    ...(isMicrocached(site) ? [directive("add_header", "X-Cache", CACHE_STATUS, "always"), ...innerHeaders()] : []),
  ];
}

/** A script that is there runs; one that is not is the front controller's business, or missing. */
function renderScript(context: Context, location: EffectiveLocation): readonly Directive[] {
  const { site, webRoot } = context;
  return [
    when([DENIED], [directive("return", 403)]),
    directive("fastcgi_split_path_info", String.raw`^(.+?\.php)(/.*)?$`),
    when(["$fastcgi_script_name", "~", LIBRARY], [directive("return", 403)]),
    ...(isMicrocached(site) ? [renderSwitch()] : []),
    // try_files empties it.
    directive("set", "$howdah_path_info", "$fastcgi_path_info"),
    // A link from the sealed code to a volume (Laravel's public/storage) must not make its files scripts: they belong to somebody else.
    ...(site.code === "sealed"
      ? [directive("disable_symlinks", "if_not_owner", `from=${literal(location.isAlias ? location.directory : webRoot)}`)]
      : []),
    directive("try_files", "$fastcgi_script_name", ...fallback(context, location)),
    ...(location.expires === undefined ? [] : [directive("expires", "off")]),
    ...renderHeaders(context, location),
    ...renderFastcgiParams({
      filename: location.isAlias && location.path !== "/" ? "$request_filename" : "$document_root$fastcgi_script_name",
      name: "$fastcgi_script_name",
      pathInfo: "$howdah_path_info",
      query: "$args",
      documentRoot: literal(webRoot),
      serverAddress: isMicrocached(site) ? SERVER_ADDRESS : "$server_addr",
      hidesLogin: site.preview?.password === true,
    }),
    renderPass(context.upstream),
  ];
}

/** Hands a request to PHP-FPM. A variable makes nginx look the name up again when its address has changed. */
export function renderPass(upstream: FastcgiUpstream): Directive {
  return directive("fastcgi_pass", upstream.kind === "unix" ? `unix:${literal(upstream.socket)}` : PHP_ADDRESS);
}

/** Last words of `try_files`: the front controller's named location, a page for everything, or 404. */
function fallback(context: Context, location: EffectiveLocation): readonly string[] {
  const { front } = location;
  if (front === undefined) return ["=404"];
  if (front.isPage) return [literal(front.script), "=404"];
  const inner = renderFront(context, location, front);
  const key = JSON.stringify(inner);
  const known = context.fronts.get(key);
  if (known !== undefined) return [known.name];
  const name = `@front${context.fronts.size}`;
  context.fronts.set(key, { name, inner });
  return [name];
}

function renderFront(context: Context, location: EffectiveLocation, front: Front): readonly Directive[] {
  const { site, webRoot } = context;
  const index = front.query === undefined ? -1 : frontsWithQuery(site).indexOf(front.base);
  return [
    ...(isMicrocached(site) ? [renderSwitch()] : []),
    ...renderHeaders(context, location),
    ...renderFastcgiParams({
      filename: literal(front.filename),
      name: literal(front.script),
      pathInfo: front.pathInfo ? "$uri" : "",
      query: index === -1 ? "$args" : `${front.query}=$howdah_below${index}$howdah_and_args`,
      documentRoot: literal(webRoot),
      serverAddress: isMicrocached(site) ? SERVER_ADDRESS : "$server_addr",
      hidesLogin: site.preview?.password === true,
    }),
    renderPass(context.upstream),
  ];
}
