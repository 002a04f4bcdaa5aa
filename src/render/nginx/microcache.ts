import { HowdahError } from "../../kernel/howdah-error.ts";
import { riskyRegex } from "../../kernel/risky-regex.ts";
import { block, type Directive, directive } from "./directive.ts";

/** Cookies that tell two visitors apart only for statistics. Any other cookie means: this visitor may see something of their own. */
const ANALYTICS = String.raw`~^(?:(?:_ga[^=]*|_gid|_gat[^=]*|_gcl_au|_fbp|__utm[a-z]+|_pk_[^=]*|wordpress_test_cookie|cookie_consent[^=]*)=[^;]*(?:;\s*|$))+$`;

const SKIP = ["$howdah_skip_cookie", "$howdah_skip_method", "$howdah_skip_uri", "$http_authorization"] as const;

/**
 * The microcache's zone and maps, for the http block. An allowlist of cookies: a list of forbidden ones leaks other people's pages
 * as soon as an application names its session differently (runtime.md 6).
 */
export function renderMicrocacheZone(bypass: readonly string[]): readonly Directive[] {
  return [
    // In memory, so bounded; what nobody asked for again within seconds is worth nothing in a cache of one second.
    directive(
      "fastcgi_cache_path",
      "/run/nginx-cache",
      "levels=1:2",
      "keys_zone=microcache:10m",
      "max_size=100m",
      "inactive=10s",
      "use_temp_path=off",
    ),
    block("map", ["$http_cookie", SKIP[0]], [directive("default", "1"), directive("", "0"), directive(ANALYTICS, "0")]),
    block("map", ["$request_method", SKIP[1]], [directive("default", "1"), directive("GET", "0"), directive("HEAD", "0")]),
    block(
      "map",
      ["$request_uri", SKIP[2]],
      [directive("default", "0"), ...bypass.map((pattern) => directive(bypassExpression(pattern), "1"))],
    ),
    // What the application says about caching decides whether, never how long: an hour in a server that nobody can purge is a stale site.
    block(
      "map",
      ["$upstream_http_cache_control|$upstream_http_expires|$upstream_http_pragma", "$howdah_private"],
      [
        directive("default", "0"),
        directive(String.raw`~*^[^|]*(?:private|no-store|no-cache|max-age=0)`, "1"),
        directive(String.raw`~*no-cache[^|]*$`, "1"),
        directive(String.raw`~^\|[^|]+\|`, "1"),
      ],
    ),
  ];
}

/** What makes two requests the same page. */
export const PAGE_KEY = "$howdah_scheme$request_method$host$howdah_port_suffix$request_uri";

/** One request renews an old answer and gets the new one; only those that come meanwhile, and while PHP fails, get the old one. */
export const STALE_WHEN = ["updating", "error", "timeout", "http_500", "http_503"] as const;

/** The microcache's settings of a server. */
export function renderMicrocache(): readonly Directive[] {
  return [
    directive("fastcgi_cache", "microcache"),
    directive("fastcgi_cache_key", PAGE_KEY),
    directive("fastcgi_cache_valid", "200", "301", "302", "1s"),
    directive("fastcgi_cache_valid", "404", "1s"),
    directive("fastcgi_ignore_headers", "Cache-Control", "Expires"),
    directive("fastcgi_cache_use_stale", ...STALE_WHEN),
    directive("fastcgi_cache_lock", "on"),
    // Answers that may not be kept would else queue up behind one another.
    directive("fastcgi_cache_lock_timeout", "250ms"),
    directive("fastcgi_cache_bypass", ...SKIP),
    directive("fastcgi_no_cache", ...SKIP, "$howdah_private"),
  ];
}

/** `/wp-admin/` is a prefix of the path, `?preview=` a parameter; `*` is anything. */
export function bypassExpression(pattern: string): string {
  const body = pattern
    .replace(/^[?&]/, "")
    .replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*+/g, ".*");
  const start = /^[?&]/.test(pattern) ? "[?&]" : pattern.startsWith("/") ? "^" : "";
  const risk = riskyRegex(`${start}${body}`);
  if (risk !== undefined) throw new HowdahError("render/unsafe", `The bypass pattern ${JSON.stringify(pattern)} is refused: ${risk}`);
  return `~${start}${body}`;
}
