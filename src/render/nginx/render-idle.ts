import { HowdahError } from "../../kernel/howdah-error.ts";
import { block, type Directive, directive, literal, when } from "./directive.ts";
import type { EdgeRoute } from "./edge-input.ts";
import { edgePage } from "./edge-pages.ts";
import { ROBOT } from "./robots.ts";
import { renderAccessLog } from "./server-basics.ts";

/** What the edge's own log says of a request. */
export const EDGE_LOG = { requestId: "$request_id", cache: "" };

type Idle = NonNullable<EdgeRoute["idle"]>;

/** 1 for whoever keeps a site awake. nginx judges only requests of sites that may sleep. */
const VISITOR = "$howdah_visitor";
/** Never seen from outside: `internal`. */
const WAKE_LOCATION = "/.howdah-wake";
/** The agent answers within 30 s, also when waking fails (src/agent/wake-server.ts). */
const WAKE_SECONDS = 40;
/** Crawlers take it as a hint; most come back later anyway. */
const ROBOT_RETRY_SECONDS = 3600;

/** Which requests are visits, and the form of their marks: two bytes, since only the time is read at which the file was written last. */
export function renderVisitors(routes: readonly EdgeRoute[]): readonly Directive[] {
  if (routes.every((route) => route.idle === undefined)) return [];
  return [
    block("map", ["$request_method:$http_user_agent", VISITOR], [directive("default", "1"), directive(`~*${ROBOT}`, "0")]),
    directive("log_format", "howdah_visit", "$howdah_dollar"),
  ];
}

/** Marks visits of a site, at most one write in five seconds; the other log goes on. */
export function renderVisits({ idle }: EdgeRoute): readonly Directive[] {
  if (idle?.visits === undefined) return [];
  const counted = idle.wakes === "anyone" ? [] : [`if=${VISITOR}`];
  return [
    ...renderAccessLog(EDGE_LOG).filter(({ name }) => name === "access_log"),
    directive("access_log", literal(safePath(idle.visits)), "howdah_visit", "buffer=4k", "flush=5s", ...counted),
  ];
}

/** A path that needs no quoting: it stands in a URL and beside nginx' own options. */
function safePath(path: string): string {
  if (/^\/[A-Za-z0-9/._-]+$/.test(path)) return path;
  throw new HowdahError("render/unsafe", `${JSON.stringify(path)} can't be a path of the edge`);
}

/**
 * A site that sleeps. A visitor's request waits, body unread, while nginx asks the agent (`auth_request`), which wakes the site once for all
 * who wait and says where it answers; then the request goes there as it came. Robots are told to come back, and wake nothing.
 */
export function renderSleeping(route: EdgeRoute, idle: Idle & { readonly wake: string }, timeoutSeconds: number): readonly Directive[] {
  const name = route.hostnames[0] ?? route.name;
  const robots = edgePage({
    title: `${name} sleeps`,
    text: "Nobody has visited it for a while. It wakes for people; programs are welcome later.",
  });
  const asleep = edgePage({
    title: `${name} could not be woken in time`,
    text: "This page asks again every few seconds. If it stays so, the reason is in:",
    command: "howdah status",
    refresh: 10,
  });
  const unattended = edgePage({
    title: `${name} sleeps, and nobody is there to wake it`,
    text: "The agent of this machine does not answer. This page asks again every few seconds. It is started by:",
    command: "howdah agent",
    refresh: 5,
  });
  return [
    block(
      "location",
      ["/"],
      [
        directive("error_page", 403, "=", "@asleep"),
        directive("error_page", 500, "=", "@unattended"),
        directive("error_page", 502, "=", "@starting"),
        directive("error_page", 503, "=", "@robots"),
        directive("error_page", 504, "=", "@slow"),
        ...(idle.wakes === "anyone" ? [] : [when([VISITOR, "=", "0"], [directive("return", 503)])]),
        directive("auth_request", WAKE_LOCATION),
        directive("auth_request_set", "$howdah_backend", "$upstream_http_x_howdah_backend"),
        directive("proxy_read_timeout", `${timeoutSeconds}s`),
        directive("proxy_send_timeout", `${timeoutSeconds}s`),
        directive("proxy_pass", "http://$howdah_backend"),
      ],
    ),
    block(
      "location",
      ["=", WAKE_LOCATION],
      [
        directive("internal"),
        directive("access_log", "off"),
        directive("proxy_pass_request_body", "off"),
        directive("proxy_pass_request_headers", "off"),
        directive("proxy_set_header", "Host", "howdah"),
        directive("proxy_set_header", "Content-Length", ""),
        directive("proxy_set_header", "Connection", ""),
        directive("proxy_read_timeout", `${WAKE_SECONDS}s`),
        directive("proxy_pass", `http://unix:${safePath(idle.wake)}:/wake/${route.namespace}`),
      ],
    ),
    page("@robots", robots, ROBOT_RETRY_SECONDS),
    page("@asleep", asleep, 10),
    page("@unattended", unattended, 5),
  ];
}

function page(name: string, text: string, retrySeconds: number): Directive {
  return block(
    "location",
    [name],
    [
      directive("default_type", "text/html"),
      directive("add_header", "Cache-Control", "no-store", "always"),
      directive("add_header", "Retry-After", retrySeconds, "always"),
      directive("return", 503, literal(text)),
    ],
  );
}
