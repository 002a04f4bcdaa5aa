import type { Site } from "../../site/site.ts";
import { block, type Directive, directive, when } from "./directive.ts";

/** Where nginx asks itself for a page to compress: on the pod's own loopback, which nothing outside the pod reaches. */
const INNER_LISTEN = "127.0.0.1:8079";

/**
 * The address nginx has when it asks itself. It is believed about the client like the edge is: only who binds to it on purpose has it, so
 * neither a request from outside nor one that an application can be talked into sending (to 127.0.0.1) is taken for nginx itself.
 * Not a Unix socket: one that a killed nginx leaves in the pod's /run keeps the next from starting.
 */
export const INNER_CLIENT = "127.72.79.87";

/** Status that no application sees: "answer this one from the cache of compressed pages". */
const SWITCH = 463;
const LOCATION = "@compressed";

/** `1` when a request may be answered from the cache of compressed pages. */
const COMPRESSED = "$howdah_compressed";
/** `1` when nginx asks itself. */
export const INNER = "$howdah_inner";
/** What the caches did for a request: HIT means that PHP was not asked, whichever cache it was. Empty: no cache was asked. */
export const CACHE_STATUS = "$howdah_cache";
/** The address at which the client reached nginx. */
export const SERVER_ADDRESS = "$howdah_server_addr";

/** True for sites with a microcache: PHP, and not turned off. */
export function isMicrocached(site: Site): boolean {
  return site.runtime !== null && site.web.microcache !== null;
}

/**
 * The second microcache, for the http block: the same pages, compressed once instead of for each visitor (1,400 → 22,000 requests a second).
 * It holds only what the first one may keep and says so about (`X-Accel-Expires`, inside nginx alone), so there is one judgement of what is
 * private; what varies by anything but compression is left to the first.
 */
export function renderCompressedZone(): readonly Directive[] {
  const both = (name: string, inside: string): Directive => block("map", [INNER, name], [directive("default", ""), directive("1", inside)]);
  return [
    directive(
      "proxy_cache_path",
      "/run/nginx-cache-compressed",
      "levels=1:2",
      "keys_zone=compressed:10m",
      "max_size=50m",
      "inactive=10s",
      "use_temp_path=off",
    ),
    block("map", ["$realip_remote_addr", INNER], [directive("default", "0"), directive(INNER_CLIENT, "1")]),
    block("map", [INNER, "$howdah_outer"], [directive("default", "1"), directive("1", "0")]),
    block("map", [INNER, SERVER_ADDRESS], [directive("default", "$server_addr"), directive("1", "$http_x_forwarded_server")]),
    // gzip by name, not refused by `q=0`. `*` and others get a page compressed for them alone, or plain.
    block(
      "map",
      ["$http_accept_encoding", "$howdah_gzip"],
      [
        directive("default", "0"),
        directive(String.raw`~*(?:^|,)\s*gzip\s*(?:;\s*q=(?:1(?:\.0{0,3})?|0\.[0-9]{0,2}[1-9])\s*)?(?:,|$)`, "1"),
      ],
    ),
    // The conditions of the first cache, and nothing that nginx would not compress: HEAD, HTTP/1.0, parts of a page.
    block(
      "map",
      [
        `${INNER}$howdah_gzip$howdah_skip_cookie$howdah_skip_uri|$server_protocol|$request_method|$http_authorization$http_content_length$http_transfer_encoding$http_range`,
        COMPRESSED,
      ],
      [directive("default", ""), directive("0100|HTTP/1.1|GET|", "1")],
    ),
    block(
      "map",
      [COMPRESSED, "$howdah_inner_cache"],
      [directive("default", "$upstream_cache_status"), directive("1", "$upstream_http_x_cache")],
    ),
    block(
      "map",
      ["$upstream_cache_status", CACHE_STATUS],
      [directive("default", "$upstream_cache_status"), ...["MISS", "EXPIRED"].map((status) => directive(status, "$howdah_inner_cache"))],
    ),
    block(
      "map",
      [
        "$upstream_cache_status|$status|$howdah_private|$upstream_http_x_accel_redirect$upstream_http_x_accel_expires|$upstream_http_vary",
        "$howdah_keepable",
      ],
      [directive("default", ""), directive(String.raw`~^(?:HIT|MISS|EXPIRED)\|(?:200|301|302|404)\|0\|\|(?:Accept-Encoding)?$`, "1")],
    ),
    both("$howdah_keep", "$howdah_keepable"),
    both("$howdah_stream", "$upstream_http_x_accel_buffering"),
    // Its address and port as one word, as X-Forwarded-For has them.
    block(
      "map",
      ["$remote_addr|$remote_port", "$howdah_client"],
      [
        directive("default", "$remote_addr"),
        directive(String.raw`~^(?<howdah_v4>[0-9.]+)\|(?<howdah_v4_port>[0-9]+)$`, "$howdah_v4:$howdah_v4_port"),
        directive(String.raw`~^(?<howdah_v6>[0-9a-f:.]+)\|(?<howdah_v6_port>[0-9]+)$`, "[$howdah_v6]:$howdah_v6_port"),
      ],
    ),
  ];
}

/** What the first cache tells the second; empty, and thus not sent, in answers to anybody else. */
export function innerHeaders(): readonly Directive[] {
  return [
    directive("add_header", "X-Accel-Expires", "$howdah_keep", "always"),
    directive("add_header", "X-Accel-Buffering", "$howdah_stream", "always"),
  ];
}

/** For every place that hands a request to PHP: take it from the cache of compressed pages instead. */
export function renderSwitch(): Directive {
  return when([COMPRESSED], [directive("return", SWITCH)]);
}

/**
 * The second microcache's part of the site's server: how nginx asks itself, through a listener of the same server, so that every rule is
 * written and judged once. The original URL and what is known about the client go along; what the client says about itself does not.
 */
export function renderCompressedServer(key: string, staleWhen: readonly string[], timeoutSeconds: number): readonly Directive[] {
  const header = (name: string, value: string): Directive => directive("proxy_set_header", name, value);
  return [
    directive("listen", INNER_LISTEN),
    directive("error_page", SWITCH, "=", LOCATION),
    block(
      "location",
      [LOCATION],
      [
        directive("proxy_pass", `http://${INNER_LISTEN}$request_uri`),
        directive("proxy_bind", INNER_CLIENT),
        directive("proxy_http_version", "1.1"),
        directive("proxy_redirect", "off"),
        header("Host", "$host$howdah_port_suffix"),
        header("Accept-Encoding", "gzip"),
        header("X-Forwarded-For", "$howdah_client"),
        header("X-Forwarded-Proto", "$howdah_scheme"),
        header("X-Forwarded-Server", "$server_addr"),
        header("X-Request-Id", "$howdah_request_id"),
        directive("proxy_connect_timeout", "5s"),
        // Longer than nginx waits for PHP: the inner request fails first, in its own words.
        directive("proxy_read_timeout", `${timeoutSeconds}s`),
        directive("proxy_buffers", "16", "16k"),
        directive("proxy_buffer_size", "32k"),
        // Here every answer gets them again.
        directive("proxy_hide_header", "X-Content-Type-Options"),
        directive("proxy_hide_header", "X-Cache"),
        directive("proxy_cache", "compressed"),
        directive("proxy_cache_key", key),
        directive("proxy_cache_use_stale", ...staleWhen),
        directive("proxy_ignore_headers", "Cache-Control", "Expires", "Vary"),
      ],
    ),
  ];
}
