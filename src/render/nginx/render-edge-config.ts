import { createHash } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { block, type Directive, directive, dollarVariable, literal } from "./directive.ts";
import type { EdgeInput, EdgeListen, EdgeRoute } from "./edge-input.ts";
import { edgePage } from "./edge-pages.ts";
import { EDGE_LOG, renderSleeping, renderVisitors, renderVisits } from "./render-idle.ts";
import { printNginx } from "./print-nginx.ts";
import { renderAccessLog, renderHead, renderTempPaths } from "./server-basics.ts";
import { hostnameWord } from "./server-names.ts";
import { trustedNetwork } from "./trusted-edge.ts";

/** PHP may take its whole request timeout; the site's nginx gives up first. */
const TIMEOUT_SECONDS = 310;

/** The text of the edge's nginx.conf. Routes are rendered in the order of their names, so the same world gives the same text. */
export function renderEdge(input: EdgeInput): string {
  return printNginx(renderEdgeConfig(input));
}

/** The edge of a machine: one server block a site, routed by hostname, one upstream a site. */
export function renderEdgeConfig(input: EdgeInput): readonly Directive[] {
  const routes = [...input.routes].sort((a, b) => (routeName(a) < routeName(b) ? -1 : 1));
  refuseSharedNames(routes);
  return [
    ...renderHead({ modules: [], workerProcesses: input.workerProcesses ?? 2, drainSeconds: TIMEOUT_SECONDS }),
    block(
      "http",
      [],
      [
        directive("default_type", "application/octet-stream"),
        ...renderTempPaths(),
        directive("server_tokens", "off"),
        directive("tcp_nopush", "on"),
        directive("keepalive_timeout", "65"),
        directive("large_client_header_buffers", "4", "16k"),
        directive("client_max_body_size", 0),
        directive("server_names_hash_max_size", 8192),
        directive("server_names_hash_bucket_size", 512),
        directive("map_hash_bucket_size", 256),
        directive("absolute_redirect", "off"),
        dollarVariable(),
        ...renderOutside(input.trustedProxies ?? []),
        ...renderAccessLog(EDGE_LOG),
        ...renderProxying(),
        ...renderVisitors(routes),
        ...routes.filter(({ backends }) => backends.length > 0).map(renderUpstream),
        ...renderStrangers(
          input.listen,
          routes.some(({ tls }) => tls !== undefined),
        ),
        ...routes.flatMap((route) => renderRoute(route, input.listen)),
      ],
    ),
  ];
}

function routeName({ namespace, name }: EdgeRoute): string {
  return `${namespace}/${name}`;
}

/** nginx only warns when two servers have one name, and gives all to the first (M11). */
function refuseSharedNames(routes: readonly EdgeRoute[]): void {
  const owners = new Map<string, string>();
  for (const route of routes) {
    for (const hostname of route.hostnames) {
      const owner = owners.get(hostname);
      if (owner !== undefined && owner !== routeName(route)) {
        throw new HowdahError("config/rejected", `The hostname ${hostname} belongs to ${owner} and is asked for by ${routeName(route)}`, {
          hint: "A hostname leads to one site: take it out of one of the two site files.",
        });
      }
      owners.set(hostname, routeName(route));
    }
  }
}

/** What is believed of the world outside: by default nothing but the connection. */
function renderOutside(trustedProxies: readonly string[]): readonly Directive[] {
  const networks = [...new Set(trustedProxies)].map(trustedNetwork).sort();
  return [
    ...networks.map((network) => directive("set_real_ip_from", network)),
    ...(networks.length === 0 ? [] : [directive("real_ip_header", "X-Forwarded-For"), directive("real_ip_recursive", "on")]),
    block(
      "geo",
      ["$realip_remote_addr", "$howdah_from_outer"],
      [directive("default", "0"), ...networks.map((network) => directive(network, "1"))],
    ),
    block(
      "map",
      ["$scheme|$howdah_from_outer|$http_x_forwarded_proto", "$howdah_scheme"],
      [directive("default", "http"), directive(String.raw`~^https\|`, "https"), directive(String.raw`~*^http\|1\|https$`, "https")],
    ),
    block(
      "map",
      ["$http_host", "$howdah_port_suffix"],
      [directive("default", ""), directive("~(?<howdah_suffix>:[0-9]{1,5})$", "$howdah_suffix")],
    ),
    block("map", ["$http_upgrade", "$howdah_connection"], [directive("default", "upgrade"), directive("", "")]),
  ];
}

/** What every site gets: who asks, how, and under which name. What clients say about that themselves is overwritten. */
function renderProxying(): readonly Directive[] {
  const header = (name: string, value: string): Directive => directive("proxy_set_header", name, value);
  return [
    directive("proxy_http_version", "1.1"),
    header("Host", "$host$howdah_port_suffix"),
    header("X-Forwarded-For", "$remote_addr"),
    header("X-Real-IP", "$remote_addr"),
    header("X-Forwarded-Proto", "$howdah_scheme"),
    header("X-Forwarded-Host", "$host$howdah_port_suffix"),
    header("X-Request-Id", "$request_id"),
    header("Upgrade", "$http_upgrade"),
    header("Connection", "$howdah_connection"),
    ...["Forwarded", "Proxy", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix"].map((name) => header(name, "")),
    // A site must not steer the edge.
    directive("proxy_ignore_headers", "X-Accel-Redirect", "X-Accel-Expires", "X-Accel-Limit-Rate", "X-Accel-Charset"),
    directive("proxy_connect_timeout", "3s"),
    directive("proxy_buffers", "16", "16k"),
    directive("proxy_buffer_size", "32k"),
    directive("proxy_busy_buffers_size", "64k"),
    // Another pod is tried when one does not answer, never twice for what may not be done twice: POST and its kin are left out by nginx.
    directive("proxy_next_upstream", "error", "timeout"),
    directive("proxy_next_upstream_tries", 2),
    directive("proxy_next_upstream_timeout", "10s"),
  ];
}

/** A name that nginx and people can read: the site's, with a digest against two that look alike. */
function upstreamName(route: EdgeRoute): string {
  const readable = routeName(route).replace(/[^a-z0-9]+/gi, "-");
  return `site-${readable}-${createHash("sha256").update(routeName(route)).digest("hex").slice(0, 8)}`;
}

function renderUpstream(route: EdgeRoute): Directive {
  const servers = route.backends.map(({ address, port }) => {
    const host = trustedNetwork(address);
    return directive("server", `${host.includes(":") ? `[${host}]` : host}:${portNumber(port)}`, "max_fails=1", "fail_timeout=2s");
  });
  return block("upstream", [upstreamName(route)], [...servers, directive("keepalive", 32)]);
}

function portNumber(port: number): number {
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new HowdahError("render/unsafe", `Not a port: ${port}`);
}

function address(listen: EdgeListen, port: number): string {
  const bind = trustedNetwork(listen.bind);
  return `${bind.includes(":") ? `[${bind}]` : bind}:${portNumber(port)}`;
}

/** Requests for a name that no site has. The page names no site. */
function renderStrangers(listen: EdgeListen, withTls: boolean): readonly Directive[] {
  const page = edgePage({
    title: "No site of this name",
    text: "The server works, but none of its sites has the name in your address bar. If it is yours, add it to `spec.hostnames` and run:",
    command: "howdah up",
  });
  const tls =
    withTls && listen.httpsPort !== undefined
      ? [directive("listen", address(listen, listen.httpsPort), "ssl", "default_server"), directive("ssl_reject_handshake", "on")]
      : [];
  return [
    block(
      "server",
      [],
      [
        directive("listen", address(listen, listen.httpPort), "default_server"),
        ...tls,
        directive("server_name", "_"),
        block(
          "location",
          ["/"],
          [
            directive("default_type", "text/html"),
            // `howdah doctor` tells by it whether the port is the edge's or another program's.
            directive("add_header", "X-Howdah-Edge", "1", "always"),
            directive("return", 404, literal(page)),
          ],
        ),
      ],
    ),
  ];
}

function renderRoute(route: EdgeRoute, listen: EdgeListen): readonly Directive[] {
  if (route.hostnames.length === 0) return [];
  const names = directive("server_name", ...[...route.hostnames].sort().map(hostnameWord));
  const plain = directive("listen", address(listen, listen.httpPort));
  if (route.tls === undefined || listen.httpsPort === undefined) return [block("server", [], [plain, names, ...renderSite(route)])];
  const port = listen.httpsPort === 443 ? "" : `:${portNumber(listen.httpsPort)}`;
  return [
    block("server", [], [plain, names, directive("return", 308, `https://$host${port}$request_uri`)]),
    block(
      "server",
      [],
      [
        directive("listen", address(listen, listen.httpsPort), "ssl"),
        directive("http2", "on"),
        names,
        directive("ssl_certificate", literal(route.tls.certificate)),
        directive("ssl_certificate_key", literal(route.tls.key)),
        directive("ssl_protocols", "TLSv1.2", "TLSv1.3"),
        directive("ssl_ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"),
        directive("ssl_session_cache", "shared:TLS:5m"),
        directive("ssl_session_tickets", "off"),
        ...renderSite(route),
      ],
    ),
  ];
}

function renderSite(route: EdgeRoute): readonly Directive[] {
  const timeout = route.timeoutSeconds ?? TIMEOUT_SECONDS;
  const starting = edgePage({
    title: `${route.hostnames[0] ?? route.name} is starting`,
    text: "It does not answer yet. This page asks again every few seconds. If it takes longer than a minute, look at:",
    command: "howdah status",
    refresh: 3,
  });
  const slow = edgePage({
    title: "The site took too long to answer",
    text: "It is running, but this page was not ready in time. More is in:",
    command: "howdah logs",
  });
  if (route.maintenance !== undefined) return renderMaintenance(route.hostnames[0] ?? route.name, route.maintenance);
  return [
    ...(route.maxBodyBytes === undefined ? [] : [directive("client_max_body_size", Math.trunc(route.maxBodyBytes))]),
    directive("error_page", 502, 503, "=", "@starting"),
    directive("error_page", 504, "=", "@slow"),
    ...renderVisits(route),
    ...renderRoot(route, timeout),
    renderPage("@starting", 503, starting),
    renderPage("@slow", 504, slow),
  ];
}

/** Nobody reaches a pod. Bodies of any size are taken, so that whoever sends one reads the page instead of a reset. */
function renderMaintenance(hostname: string, { text, title, retryAfter }: NonNullable<EdgeRoute["maintenance"]>): readonly Directive[] {
  const seconds = Math.min(3600, Math.max(1, Math.trunc(retryAfter)));
  const page = edgePage({ title: title ?? `${hostname} will be back soon`, text, refresh: seconds });
  return [
    directive("error_page", 503, "=", "@maintenance"),
    block("location", ["/"], [directive("return", 503)]),
    renderPage("@maintenance", 503, page, seconds),
  ];
}

function renderRoot(route: EdgeRoute, timeout: number): readonly Directive[] {
  const { idle, backends } = route;
  if (idle?.wake !== undefined) return renderSleeping(route, { ...idle, wake: idle.wake }, timeout);
  return [block("location", ["/"], backends.length === 0 ? [directive("return", 503)] : renderPass(route, timeout))];
}

function renderPass(route: EdgeRoute, timeout: number): readonly Directive[] {
  return [
    directive("proxy_read_timeout", `${timeout}s`),
    directive("proxy_send_timeout", `${timeout}s`),
    directive("proxy_pass", `http://${upstreamName(route)}`),
  ];
}

function renderPage(name: string, status: number, page: string, retryAfter = 3): Directive {
  return block(
    "location",
    [name],
    [
      directive("default_type", "text/html"),
      directive("add_header", "Cache-Control", "no-store", "always"),
      directive("add_header", "Retry-After", String(retryAfter), "always"),
      directive("return", status, literal(page)),
    ],
  );
}
