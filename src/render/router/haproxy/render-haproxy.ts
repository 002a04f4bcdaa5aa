import { HowdahError } from "../../../kernel/howdah-error.ts";
import { NODE_CHECK } from "../node-check.ts";
import type { RouterNode, RouterPlan } from "../router-plan.ts";
import { type HaproxySection, line } from "./haproxy-tree.ts";
import { printHaproxy } from "./print-haproxy.ts";

/** Name of the part that sites connect to, as statistics show it. */
export const WRITER_PROXY = "writer";

/** Where an HAProxy's files lie in its container, and what it answers at its health address. */
export const HAPROXY_PATHS = {
  program: "/usr/sbin/haproxy",
  config: "/etc/howdah/router/haproxy.cfg",
  alive: "/alive",
  /** 200 while there is a writer: for a start-up probe only. Later its loss must not take all routers out of the Service. */
  writerKnown: "/writer-known",
  statistics: "/statistics",
} as const;

/**
 * HAProxy in front of Galera: it sends everybody to the one node that says of itself that it is the writer (node-check.ts), cuts whom a node
 * that is gone had, and lets finish whom a node has that leaves. Nothing in it depends on which pod reads it, so that all pods agree.
 */
export function renderHaproxy(plan: RouterPlan): string {
  if (plan.nodes.length === 0) throw new HowdahError("render/unsafe", "A router without nodes");
  return printHaproxy([globals(plan), defaults, ...(plan.resolve ? [resolvers] : []), writer(plan), health(plan)]);
}

function globals(plan: RouterPlan): HaproxySection {
  return {
    kind: "global",
    lines: [
      line("log", "stdout", "format", "raw", "local0", "notice"),
      line("maxconn", plan.maxConnections + HEALTH_CONNECTIONS),
      // All checks at once would come in one burst each half second.
      line("spread-checks", 10),
      line("hard-stop-after", "60s"),
    ],
  };
}

const HEALTH_CONNECTIONS = 50;

const defaults: HaproxySection = {
  kind: "defaults",
  lines: [
    line("mode", "tcp"),
    line("log", "global"),
    line("timeout", "connect", "3s"),
    // As the server's own wait_timeout: idle connections are its business, not a router's.
    line("timeout", "client", "8h"),
    line("timeout", "server", "8h"),
    // A node's check is a few processes: on a busy machine they take longer than the time between two checks. Who is dead refuses at once.
    line("timeout", "check", "2s"),
    line("option", "clitcpka"),
    line("option", "srvtcpka"),
    line("retries", 2),
    line("option", "redispatch", 1),
  ],
};

const resolvers: HaproxySection = {
  kind: "resolvers",
  name: "cluster",
  lines: [line("parse-resolv-conf"), line("hold", "valid", "1s"), line("resolve_retries", 3), line("timeout", "retry", "500ms")],
};

function writer(plan: RouterPlan): HaproxySection {
  const check = ["check", "inter", "500ms", "fastinter", "250ms", "downinter", "500ms", "fall", "3", "rise", "1"];
  const resolve = plan.resolve ? ["resolvers", "cluster", "init-addr", "last,libc,none"] : [];
  return {
    kind: "listen",
    name: WRITER_PROXY,
    lines: [
      line("bind", place(plan.listen.address, plan.listen.port)),
      line("maxconn", plan.maxConnections),
      line("balance", "first"),
      // `option mysql-check` sees a node up that answers 1047 to everything (database.md, section 2, lesson 6).
      line("option", "httpchk", "GET", NODE_CHECK.writer),
      line("http-check", "disable-on-404"),
      line("default-server", ...check, "on-marked-down", "shutdown-sessions", ...resolve),
      ...plan.nodes.map(server),
    ],
  };
}

function server(node: RouterNode): readonly string[] {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(node.name))
    throw new HowdahError("render/unsafe", `${JSON.stringify(node.name)} is no name of a node`);
  return line("server", node.name, place(node.host, node.port), "port", node.checkPort);
}

/** Host and port as HAProxy takes them; what else its addresses can be (`unix@`, `fd@`, `abns@`) is refused. */
function place(host: string, port: number): string {
  if (!/^([A-Za-z0-9.-]{1,253}|\*|\[?[0-9a-fA-F:]{2,45}\]?)$/.test(host) || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new HowdahError("render/unsafe", `${JSON.stringify(host)}:${String(port)} is no address for HAProxy`);
  return `${host}:${port}`;
}

function health(plan: RouterPlan): HaproxySection {
  return {
    kind: "frontend",
    name: "health",
    lines: [
      line("mode", "http"),
      line("bind", place(plan.health.address, plan.health.port)),
      line("maxconn", HEALTH_CONNECTIONS),
      line("timeout", "client", "10s"),
      line("stats", "enable"),
      line("stats", "show-legends"),
      line("stats", "uri", HAPROXY_PATHS.statistics),
      answer(200, onPath(HAPROXY_PATHS.alive)),
      answer(200, [...onPath(HAPROXY_PATHS.writerKnown), "{", `nbsrv(${WRITER_PROXY})`, "gt", "0", "}"]),
      answer(503, onPath(HAPROXY_PATHS.writerKnown)),
    ],
  };
}

function answer(status: number, condition: readonly string[]): readonly string[] {
  return line("http-request", "return", "status", status, "if", ...condition);
}

function onPath(path: string): readonly string[] {
  return ["{", "path", path, "}"];
}
