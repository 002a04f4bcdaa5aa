import { basename } from "node:path/posix";
import { block, type Directive, directive } from "./directive.ts";

/** Where Debian's packages put modules. */
const MODULES = "/usr/lib/nginx/modules";

/** What the head of a configuration is made from. */
export interface Head {
  /** As the catalog names them; load order matters. */
  readonly modules: readonly string[];
  readonly workerProcesses: number;
  /** How long a worker that is told to stop waits for its connections. */
  readonly drainSeconds: number;
}

/** Everything above `http`: in the foreground, as an ordinary user, errors to the container's log. */
export function renderHead(head: Head): readonly Directive[] {
  return [
    ...head.modules.map((file) => directive("load_module", `${MODULES}/${basename(file)}`)),
    directive("daemon", "off"),
    directive("worker_processes", head.workerProcesses),
    directive("worker_rlimit_nofile", 16_384),
    directive("worker_shutdown_timeout", `${head.drainSeconds}s`),
    directive("pid", "/run/nginx.pid"),
    directive("error_log", "stderr", "warn"),
    // Every request is judged by a dozen expressions.
    directive("pcre_jit", "on"),
    block("events", [], [directive("worker_connections", 4096)]),
  ];
}

/** Scratch directories: the root file system is read-only. Bodies may be large, and /run is memory. */
export function renderTempPaths(): readonly Directive[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => directive(`${name}_temp_path`, `/tmp/nginx-${name}`));
}

/** One JSON object a request on stdout; with `only`, a variable, for those requests for which it is not `0`. */
export function renderAccessLog(fields: {
  readonly requestId: string;
  readonly cache: string;
  readonly only?: string;
}): readonly Directive[] {
  const text = [
    ["t", '"$time_iso8601"'],
    ["id", `"${fields.requestId}"`],
    ["addr", '"$remote_addr"'],
    ["host", '"$host"'],
    ["m", '"$request_method"'],
    ["u", '"$request_uri"'],
    ["s", "$status"],
    ["bytes", "$body_bytes_sent"],
    ["sec", "$request_time"],
    ["up", '"$upstream_response_time"'],
    ["cache", `"${fields.cache}"`],
    ["ref", '"$http_referer"'],
    ["ua", '"$http_user_agent"'],
  ]
    .map(([name, value]) => `"${name}":${value}`)
    .join(",");
  return [
    directive("log_format", "howdah", "escape=json", `{${text}}`),
    // A write for each line costs 15 to 20 % of a core. 4 KiB are PIPE_BUF: a pipe takes them whole, so that two workers' lines never mix.
    directive("access_log", "/dev/stdout", "howdah", "buffer=4k", "flush=1s", ...(fields.only === undefined ? [] : [`if=${fields.only}`])),
  ];
}
