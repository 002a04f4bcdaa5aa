import type { Diagnostic } from "../../kernel/diagnostic.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { Runtime, Site } from "../../site/site.ts";
import { type IniEntry, type IniValue, isConstantExpression, printIni } from "./ini-tree.ts";
import { mailSettings } from "./mail-settings.ts";
import { keepsSessionsApart, sessionSettings } from "./sessions.ts";

/** What keeps the container safe or working; the site file can't change it. */
const locked: Readonly<Record<string, IniValue>> = {
  log_errors: true,
  sys_temp_dir: "/tmp",
  allow_url_include: false,
  // Off, PHP_SELF would be PATH_INFO alone (measured on 8.2), which breaks `dispatch.php/path` applications. What it is infamous for,
  // running `upload.jpg/x.php`, is stopped twice: nginx passes only scripts that exist, and the pool runs nothing but `.php`.
  "cgi.fix_pathinfo": true,
  // Else FPM dies at once on a read-only root: it can't create its lock file (runtime.md 2).
  "opcache.lockfile_path": "/tmp",
  // Without them a script read another pool's cached configuration past file modes (M8 of the reliability list). Here is one pool only,
  // but the cost is below what can be measured and images get reused.
  "opcache.validate_permission": true,
  "opcache.validate_root": true,
  // Only the site's own code may reset or list the cache.
  "opcache.restrict_api": CODE_ROOT,
};

/** Settings that load programs or move files where the read-only root has none. */
const refused = new Set([...Object.keys(locked), "extension", "zend_extension", "extension_dir", "error_log", "opcache.preload_user"]);

function general(site: Site, runtime: Runtime): Record<string, IniValue> {
  const seconds = runtime.fpm.requestTimeoutSeconds;
  return {
    expose_php: false,
    display_errors: false,
    display_startup_errors: false,
    html_errors: false,
    error_reporting: { constants: runtime.php === "7.4" ? "E_ALL & ~E_DEPRECATED & ~E_STRICT" : "E_ALL & ~E_DEPRECATED" },
    "zend.assertions": -1,
    // Arguments in stack traces are where passwords reach the logs.
    "zend.exception_ignore_args": true,
    // The command line has none; the pool sets the site's own.
    memory_limit: -1,
    max_execution_time: seconds,
    max_input_time: seconds,
    upload_max_filesize: site.web.maxBodyBytes,
    post_max_size: site.web.maxBodyBytes,
    upload_tmp_dir: "/tmp",
    output_buffering: 4096,
    variables_order: "EGPCS",
    request_order: "GP",
    short_open_tag: false,
    default_charset: "UTF-8",
    "date.timezone": "UTC",
    realpath_cache_size: "4096K",
    realpath_cache_ttl: 600,
    // mail() fails at once instead of waiting for a mail server that is not there.
    sendmail_path: "/bin/false",
    "session.use_strict_mode": true,
    "session.cookie_httponly": true,
    "session.cookie_samesite": "Lax",
    // Debian turns it off and cleans by a cron that no container has.
    "session.gc_probability": 1,
    "session.gc_divisor": 1000,
  };
}

/**
 * A long-running WordPress reaches PHP's own limit of 1,024 root traces, and what gets hot afterwards is never compiled: with these limits
 * a signed-in request took 0.96 to 0.97 of the CPU, without them 0.98 to 1.0 (docs/explanation/defaults.md).
 */
const jit: Readonly<Record<string, IniValue>> = {
  "opcache.jit": "tracing",
  "opcache.jit_buffer_size": "64M",
  "opcache.jit_max_root_traces": 16_384,
  "opcache.jit_max_side_traces": 4096,
};

/**
 * Settings of section 12 of the runtime facts. Time stamps are ignored only when nothing can change below the code root: applications
 * write PHP into their mounts (compiled templates, DokuWiki's settings), and on a local disk the check costs nothing that was measurable.
 */
function opcache(site: Site, runtime: Runtime): Record<string, IniValue> {
  const frozen = site.code === "sealed" && site.mounts.length === 0;
  return {
    "opcache.enable": true,
    "opcache.enable_cli": false,
    "opcache.memory_consumption": 128,
    "opcache.interned_strings_buffer": 16,
    "opcache.max_accelerated_files": 20_000,
    "opcache.validate_timestamps": !frozen,
    "opcache.revalidate_freq": 2,
    "opcache.enable_file_override": frozen,
    // Debian's own file says jit=off, and 7.4 has none.
    ...(runtime.php === "7.4" ? {} : jit),
  };
}

/** A person's value in the type that prints as php.ini means it: `On` is a boolean there, `E_ALL & ~E_NOTICE` an expression. */
export function personalValue(key: string, text: string): IniValue {
  if (/^(on|yes|true)$/i.test(text)) return true;
  if (/^(off|no|false)$/i.test(text)) return false;
  if (/^-?(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  if (key === "error_reporting" && isConstantExpression(text)) return { constants: text };
  return text;
}

/** What the site file asks of PHP and does not get, and what it should know; the rules of the site file have refused the worst before. */
export function phpIniDiagnostics(site: Site): Diagnostic[] {
  if (site.runtime === null) return [];
  const keys = Object.keys(site.runtime.ini);
  const found = keys
    .filter((key) => refused.has(key))
    .map((key): Diagnostic => {
      const message = `${key} stays as Howdah sets it: the container's safety depends on it`;
      return {
        code: "render/ini-setting-ignored",
        severity: "warning",
        message,
        path: ["spec", "runtime", "ini", key],
        hint: "Leave it out.",
      };
    });
  if (!keepsSessionsApart(site)) return found;
  const message =
    "PHP keeps sessions in files of each replica, so visitors may be logged out when another replica answers: nobody here knows whether this image has PHP's extension redis";
  const hint =
    "A site with a shared mount, or without `spec.runtime.image`, shares them by itself. Else set `session.save_handler` and `session.save_path` in `spec.runtime.ini`.";
  return [...found, { code: "render/sessions-per-replica", severity: "warning", message, path: ["spec", "scale", "replicas"], hint }];
}

/**
 * The text of php.ini for FPM and the command line, read last of all (`PHP_INI_SCAN_DIR`), so that it wins over the image's own files.
 * `sessionServer`: the site has a server for its sessions. Throws `render/unsafe` for a value that can't be written.
 */
export function renderPhpIni(site: Site, runtime: Runtime, sessionServer = false): string {
  const personal = Object.entries(runtime.ini).filter(([key]) => !refused.has(key) && key !== "memory_limit");
  const settings: Record<string, IniValue> = {
    ...general(site, runtime),
    ...sessionSettings(site, sessionServer, runtime),
    ...opcache(site, runtime),
    ...Object.fromEntries(personal.map(([key, text]) => [key, personalValue(key, text)])),
    ...mailSettings(site, runtime),
    ...locked,
  };
  const entries = Object.keys(settings)
    .sort()
    .map((key): IniEntry => ({ key, value: settings[key] ?? "" }));
  return printIni([{ name: "PHP", entries }]);
}
