import type { Runtime, Site } from "../../site/site.ts";
import { PHP_PATHS } from "./entrypoint-config.ts";
import { type IniEntry, type IniSection, type IniValue, printIni } from "./ini-tree.ts";
import { mailPoolSettings } from "./mail-settings.ts";
import { personalValue } from "./php-ini.ts";

/** TCP port when nginx and PHP-FPM are scaled apart. */
const APART_PORT = 9000;

const ERRORS = "/proc/self/fd/2";

/** One JSON object a request: feeds sizing. Names as in section 12 of the runtime facts; `kb` is PHP's own peak, `ms` and `cpu` its time. */
const ACCESS_FORMAT = '{"t":"%{%Y-%m-%dT%H:%M:%S%z}t","m":"%m","u":"%r","s":%s,"ms":%{mili}d,"kb":%{kilo}M,"cpu":%C}';

function section(name: string, settings: Readonly<Record<string, IniValue>>): IniSection {
  return { name, entries: Object.entries(settings).map(([key, value]): IniEntry => ({ key, value })) };
}

/** A stop or reload lets requests end: without this timeout SIGQUIT cuts them off (runtime.md 4). */
function global(runtime: Runtime): IniSection {
  return section("global", {
    daemonize: false,
    error_log: ERRORS,
    log_limit: 8192,
    process_control_timeout: `${String(runtime.fpm.requestTimeoutSeconds)}s`,
  });
}

function pool(site: Site, runtime: Runtime): IniSection {
  const timeout = `${String(runtime.fpm.requestTimeoutSeconds)}s`;
  return section("www", {
    ...(site.topology === "apart" ? { listen: APART_PORT } : { listen: PHP_PATHS.fpmSocket, "listen.mode": "0660" }),
    "listen.backlog": 511,
    pm: "ondemand",
    "pm.max_children": runtime.fpm.maxChildren,
    "pm.process_idle_timeout": "60s",
    // Returns the memory that GD and Imagick keep.
    "pm.max_requests": runtime.fpm.maxRequests,
    "pm.status_path": PHP_PATHS.statusPath,
    "ping.path": PHP_PATHS.pingPath,
    ...(hasStatusListener(runtime) ? { "pm.status_listen": PHP_PATHS.statusSocket } : {}),
    request_terminate_timeout: timeout,
    request_slowlog_timeout: "5s",
    slowlog: ERRORS,
    catch_workers_output: true,
    decorate_workers_output: false,
    clear_env: false,
    "security.limit_extensions": ".php",
    "access.log": ERRORS,
    "access.format": ACCESS_FORMAT,
    "php_value[memory_limit]": memoryLimit(runtime),
    "php_admin_value[error_log]": ERRORS,
    ...mailPoolSettings(site, runtime),
  });
}

/** 7.4 can't answer a ping while all workers are busy, so a pool of one worker of its own does. */
function statusPool(): IniSection {
  return section("status", {
    listen: PHP_PATHS.statusSocket,
    "listen.mode": "0660",
    pm: "static",
    "pm.max_children": 1,
    "pm.status_path": PHP_PATHS.statusPath,
    "ping.path": PHP_PATHS.pingPath,
    "security.limit_extensions": ".none",
  });
}

function hasStatusListener(runtime: Runtime): boolean {
  return runtime.php !== "7.4";
}

function memoryLimit(runtime: Runtime): IniValue {
  const own = runtime.ini["memory_limit"];
  return own === undefined ? runtime.memoryLimit : personalValue("memory_limit", own);
}

/** The text of php-fpm.conf: one pool for the site, and a way to ask for its health that busy workers can't block (runtime.md 5 and 12). */
export function renderFpmConfig(site: Site, runtime: Runtime): string {
  return printIni([global(runtime), pool(site, runtime), ...(hasStatusListener(runtime) ? [] : [statusPool()])]);
}
