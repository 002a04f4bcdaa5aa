import { block, type Directive, directive } from "./directive.ts";
import type { FastcgiUpstream } from "./nginx-facts.ts";
import { printNginx } from "./print-nginx.ts";
import { renderHead, renderTempPaths } from "./server-basics.ts";

const STATUS_PORT = 8081;
/** As in PHP-FPM's pool (render/php). */
const PING_PATH = "/-/fpm-ping";

/** FPM's status page as OpenMetrics (PHP 8.1 and later), for who counts: busy workers, requests that wait. */
export const METRICS_PATH = "/-/metrics";
/** As in PHP-FPM's pool (render/php). */
const STATUS_PATH = "/-/fpm-status";

/**
 * Answers in about five seconds: the header's 142 bytes and 200 more at 64 a second (measured: 5.0 s, and to its end after SIGQUIT). The
 * kubelet of Kubernetes 1.29 reads it before it stops nginx, since its preStop knows no `sleep` and nginx' image has no other program.
 */
export const DRAIN_PATH = "/-/drain";
const DRAIN_BYTES = 200;

/**
 * Health on a port of its own, which no route leads to: `/-/live` says that nginx serves, `/-/ready` that PHP-FPM answers, too.
 * It asks FPM's status listener: a probe through the pool would fail exactly when all workers are busy (runtime.md 5).
 */
export function renderStatusServer(upstream: FastcgiUpstream | null): Directive {
  return block(
    "server",
    [],
    [
      directive("listen", STATUS_PORT),
      directive("server_name", "_"),
      directive("access_log", "off"),
      directive("default_type", "text/plain"),
      block("location", ["=", "/-/live"], [directive("return", 200, "ok")]),
      block("location", ["=", "/-/ready"], upstream === null ? [directive("return", 200, "ok")] : renderStatus(upstream, PING_PATH)),
      ...(upstream === null
        ? []
        : [
            block(
              "location",
              ["=", METRICS_PATH],
              [directive("fastcgi_param", "QUERY_STRING", "openmetrics"), ...renderStatus(upstream, STATUS_PATH)],
            ),
          ]),
      block("location", ["=", DRAIN_PATH], [directive("limit_rate", 64), directive("return", 200, ".".repeat(DRAIN_BYTES))]),
      block("location", ["/"], [directive("return", 404)]),
    ],
  );
}

/** A whole configuration of an nginx that serves nothing else: beside PHP that has pods of its own on a cluster, where whoever probes or counts speaks HTTP. */
export function renderStatusConfig(upstream: FastcgiUpstream): string {
  return printNginx([
    ...renderHead({ modules: [], workerProcesses: 1, drainSeconds: 5 }),
    block("http", [], [...renderTempPaths(), directive("server_tokens", "off"), renderStatusServer(upstream)]),
  ]);
}

function renderStatus(upstream: FastcgiUpstream, path: string): readonly Directive[] {
  // A name must not be looked up when nginx starts: it would refuse to.
  const remote = upstream.kind === "tcp" ? [directive("set", "$howdah_status", `${upstream.host}:${upstream.port}`)] : [];
  return [
    ...remote,
    directive("fastcgi_param", "SCRIPT_FILENAME", path),
    directive("fastcgi_param", "SCRIPT_NAME", path),
    directive("fastcgi_param", "REQUEST_METHOD", "GET"),
    directive("fastcgi_connect_timeout", "2s"),
    directive("fastcgi_read_timeout", "2s"),
    directive("fastcgi_pass", upstream.kind === "unix" ? `unix:${upstream.socket}` : "$howdah_status"),
  ];
}
