import { nginxModuleFiles } from "../../catalog/nginx-modules.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import { CACHE_STATUS, INNER_CLIENT, isMicrocached, renderCompressedServer, renderCompressedZone } from "./compressed-microcache.ts";
import { block, type Directive, directive, dollarVariable, literal, when } from "./directive.ts";
import { webRootOf } from "./effective-locations.ts";
import { PAGE_KEY, renderMicrocache, renderMicrocacheZone, STALE_WHEN } from "./microcache.ts";
import { renderMimeTypes } from "./mime-types.ts";
import type { FastcgiUpstream, NginxFacts } from "./nginx-facts.ts";
import { BAD_PATH, DENIED, renderProtection } from "./protected-names.ts";
import { baseHeaders, PHP_ADDRESS, renderFrontMaps, renderLocations } from "./render-locations.ts";
import { renderMailBreak, renderMailView } from "./render-mail-view.ts";
import { renderRewrites } from "./render-rewrites.ts";
import { renderStatusServer } from "./render-status-server.ts";
import { renderAccessLog, renderHead, renderTempPaths } from "./server-basics.ts";
import { hostnameWord } from "./server-names.ts";
import { LOGGED_ID, renderTrustedEdge, trustedNetwork } from "./trusted-edge.ts";

/** Where the users of an environment with a password are. */
export const ACCESS_DIRECTORY = "/etc/nginx/access";

const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;
/**
 * Where PHP has pods of its own: port on the loopback of nginx' pod by which it asks the PHP-FPM beside it instead. Only who is in the pod reaches
 * it, and only while a release is tried is there any (`trial` in render/site).
 */
export const TRIAL_PORT = 8082;

/** The complete nginx configuration of one site's pod, as a tree. Settings and their reasons: section 12 of the runtime facts. */
export function renderSiteConfig(site: Site, facts: NginxFacts): readonly Directive[] {
  return [
    ...renderHead({
      modules: nginxModuleFiles(site.web.modules),
      workerProcesses: facts.workerProcesses ?? 2,
      drainSeconds: (site.runtime?.fpm.requestTimeoutSeconds ?? 10) + 5,
    }),
    block(
      "http",
      [],
      [
        ...renderMimeTypes(),
        ...renderTempPaths(),
        ...renderDelivery(site, facts.liveCode === true),
        dollarVariable(),
        ...renderTrustedEdge([...facts.trustedProxies, ...(isMicrocached(site) ? [INNER_CLIENT] : [])]),
        ...renderAccessLog({
          requestId: LOGGED_ID,
          ...(isMicrocached(site) ? { cache: CACHE_STATUS, only: "$howdah_outer" } : { cache: "$upstream_cache_status" }),
        }),
        ...renderProtection(site.web.deny),
        ...(site.runtime === null ? [] : renderPhp(site, facts)),
        renderStrangers(site),
        renderServer(site, facts),
        renderStatusServer(site.runtime === null ? null : facts.statusUpstream),
      ],
    ),
  ];
}

/** How files and answers are sent. */
function renderDelivery(site: Site, liveCode: boolean): readonly Directive[] {
  const brotli = site.web.modules.some((name) => name === "brotli" || name === "brotli-static");
  return [
    directive("sendfile", "on"),
    // On, it joins an answer's header and the first bytes of its file in one packet, and costs pods 2.4 times the processor time for a file
    // of 153 kB, 1.9 times for a page from the cache: the client, mostly the edge, is woken after the burst instead of reading along.
    // Below about 1 kB it would save a tenth.
    directive("tcp_nopush", "off"),
    directive("server_tokens", "off"),
    directive("keepalive_timeout", "65"),
    directive("reset_timedout_connection", "on"),
    directive("client_max_body_size", site.web.maxBodyBytes),
    directive("client_body_buffer_size", "128k"),
    directive("large_client_header_buffers", "4", "16k"),
    directive("server_names_hash_bucket_size", 512),
    directive("map_hash_bucket_size", 256),
    directive("map_hash_max_size", 4096),
    directive("variables_hash_max_size", 2048),
    directive("log_not_found", "off"),
    // Redirects to a directory's slash stay on the port that the browser knows.
    directive("absolute_redirect", "off"),
    ...(site.code === "writable" || liveCode
      ? [directive("open_file_cache", "off")]
      : [
          // Each entry may hold a descriptor: below the limit of open files.
          directive("open_file_cache", "max=10000", "inactive=60s"),
          directive("open_file_cache_valid", "30s"),
          directive("open_file_cache_min_uses", 1),
          directive("open_file_cache_errors", "on"),
        ]),
    directive("gzip", "on"),
    directive("gzip_static", "on"),
    directive("gzip_vary", "on"),
    directive("gzip_comp_level", 4),
    directive("gzip_min_length", 1024),
    directive("gzip_proxied", "any"),
    directive(
      "gzip_types",
      "text/css",
      "text/plain",
      "text/xml",
      "application/javascript",
      "application/json",
      "application/xml",
      "application/rss+xml",
      "application/atom+xml",
      "application/manifest+json",
      "image/svg+xml",
    ),
    ...(brotli ? [directive("brotli_static", "on")] : []),
  ];
}

function renderPhp(site: Site, facts: NginxFacts): readonly Directive[] {
  const timeout = timeoutOf(site);
  return [
    ...renderAddress(facts.phpUpstream),
    directive("fastcgi_buffers", "16", "16k"),
    directive("fastcgi_buffer_size", "32k"),
    directive("fastcgi_connect_timeout", "5s"),
    // PHP-FPM ends the request first, and says so in its log.
    directive("fastcgi_read_timeout", `${timeout}s`),
    directive("fastcgi_send_timeout", `${timeout}s`),
    directive("fastcgi_hide_header", "X-Powered-By"),
    ...renderFrontMaps(site),
    ...(site.web.microcache === null ? [] : [...renderMicrocacheZone(site.web.microcache.bypass), ...renderCompressedZone()]),
  ];
}

/** How long nginx waits for PHP, in seconds. */
function timeoutOf(site: Site): number {
  return (site.runtime?.fpm.requestTimeoutSeconds ?? 60) + 5;
}

function renderAddress(upstream: FastcgiUpstream): readonly Directive[] {
  if (upstream.kind === "unix") return [];
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(upstream.host)) {
    throw new HowdahError("render/unsafe", `Not a host name: ${JSON.stringify(upstream.host)}`);
  }
  const resolver = trustedNetwork(upstream.resolver);
  return [
    directive("resolver", resolver.includes(":") ? `[${resolver}]` : resolver, "valid=5s", "ipv6=off"),
    block(
      "map",
      ["$server_port", PHP_ADDRESS],
      [directive("default", `${upstream.host}:${upstream.port}`), directive(String(TRIAL_PORT), `127.0.0.1:${upstream.port}`)],
    ),
  ];
}

/** Requests for a name that is not the site's: answered with nothing of the site (M11). */
function renderStrangers(site: Site): Directive {
  const tls = site.tls.mode === "secret" ? [directive("listen", HTTPS_PORT, "ssl", "default_server"), ...renderCertificate()] : [];
  return block(
    "server",
    [],
    [directive("listen", HTTP_PORT, "default_server"), ...tls, directive("server_name", "_"), directive("return", 421)],
  );
}

/** The person's own certificate. `dhparam.pem` is not needed: no cipher suite of ours uses it. */
function renderCertificate(): readonly Directive[] {
  return [
    directive("ssl_certificate", "/etc/nginx/ssl/tls.crt"),
    directive("ssl_certificate_key", "/etc/nginx/ssl/tls.key"),
    directive("ssl_protocols", "TLSv1.2", "TLSv1.3"),
    directive("ssl_ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"),
    directive("ssl_session_cache", "shared:TLS:2m"),
    directive("ssl_session_tickets", "off"),
  ];
}

function renderServer(site: Site, facts: NginxFacts): Directive {
  const tls = site.tls.mode === "secret" ? [directive("listen", HTTPS_PORT, "ssl"), ...renderCertificate()] : [];
  return block(
    "server",
    [],
    [
      directive("listen", HTTP_PORT),
      ...(site.runtime !== null && facts.phpUpstream.kind === "tcp" ? [directive("listen", `127.0.0.1:${TRIAL_PORT}`)] : []),
      ...tls,
      directive("server_name", ...site.hostnames.map(hostnameWord)),
      directive("root", literal(webRootOf(site))),
      directive("index", ...indexFiles(site)),
      ...baseHeaders(site),
      ...renderLogin(site),
      ...(isMicrocached(site) ? [...renderMicrocache(), ...renderCompressedServer(PAGE_KEY, STALE_WHEN, timeoutOf(site) + 5)] : []),
      when([BAD_PATH], [directive("return", 400)]),
      when([DENIED], [directive("return", 403)]),
      ...renderNotFound(site),
      ...renderMailBreak(site),
      ...renderRewrites(site.web.rewrites),
      ...renderMailView(site, facts.phpUpstream),
      ...renderLocations(site, facts.phpUpstream, facts.liveCode === true),
    ],
  );
}

/** Browsers ask for it before anything of the site is shown. */
function renderLogin({ preview }: Site): readonly Directive[] {
  if (preview?.password !== true) return [];
  return [directive("auth_basic", literal("environment")), directive("auth_basic_user_file", literal(`${ACCESS_DIRECTORY}/htpasswd`))];
}

/** A static site's own page for what is missing, as static hosts have it; nginx answers with its own where there is none. */
function renderNotFound(site: Site): readonly Directive[] {
  return site.runtime === null ? [directive("error_page", 404, "/404.html")] : [];
}

/** The site's index files, and last the front controller of `/`: it answers `/` even when it has a name of its own. */
function indexFiles(site: Site): readonly string[] {
  const script = site.web.locations.find(({ path }) => path === "/")?.passthru || undefined;
  const name = script === undefined || script.lastIndexOf("/") > 0 ? undefined : script.slice(1);
  return [...new Set([...site.web.index, ...(name === undefined || site.runtime === null ? [] : [literal(name)])])];
}
