import { describe, expect, it } from "vitest";
import { entrypointConfig } from "./entrypoint-config.ts";
import { parseIni } from "./ini-tree.ts";
import { renderPhpFiles } from "./php-files.ts";
import { phpIniDiagnostics } from "./php-ini.ts";
import { siteFixture } from "./site-fixture.ts";

type Spec = Parameters<typeof siteFixture>[0];

function file(name: string, spec: Spec): Record<string, Record<string, unknown>> {
  const text = renderPhpFiles(siteFixture(spec), { migration: "r1", code: "r1" })?.[name] ?? "";
  return Object.fromEntries(
    parseIni(text).map((section) => [section.name, Object.fromEntries(section.entries.map(({ key, value }) => [key, value]))]),
  );
}
const ini = (spec: Spec): Record<string, unknown> => file("php.ini", spec)["PHP"] ?? {};
const image = "registry.example.org/php:8.4-fpm";
const runtime = (more: object): Spec => ({ runtime: { php: "8.4", ...more } });

it("renders nothing for a static site", () => {
  expect(renderPhpFiles({ ...siteFixture(), runtime: null }, { migration: "r1", code: "r1" })).toBeNull();
});

describe("php.ini", () => {
  it.each<[string, Spec, Record<string, unknown>]>([
    ["keeps errors from visitors", {}, { display_errors: false, log_errors: true, expose_php: false }],
    [
      "has uploads as large as nginx lets through",
      { web: { maxBodySize: "250Mi" } },
      { upload_max_filesize: 262_144_000, post_max_size: 262_144_000 },
    ],
    ["lets a person choose otherwise", runtime({ ini: { upload_max_filesize: "8M" } }), { upload_max_filesize: "8M" }],
    [
      "ignores time stamps of code that nothing can change",
      {},
      { "opcache.validate_timestamps": false, "opcache.enable_file_override": true },
    ],
    [
      "looks at them when the site has writable paths",
      { mounts: { data: {} } },
      { "opcache.validate_timestamps": true, "opcache.enable_file_override": false, "opcache.revalidate_freq": 2 },
    ],
    ["looks at them when code is writable", { code: "writable" }, { "opcache.validate_timestamps": true }],
    [
      "compiles just in time on PHP 8, as much as applications have",
      {},
      {
        "opcache.jit": "tracing",
        "opcache.jit_buffer_size": "64M",
        "opcache.jit_max_root_traces": 16_384,
        "opcache.jit_max_side_traces": 4096,
      },
    ],
    ["but not on 7.4", runtime({ php: "7.4" }), { "opcache.jit": undefined, "opcache.jit_max_root_traces": undefined }],
    ["knows E_STRICT on 7.4", runtime({ php: "7.4" }), { error_reporting: { constants: "E_ALL & ~E_DEPRECATED & ~E_STRICT" } }],
    [
      "takes an expression of constants",
      runtime({ ini: { error_reporting: "E_ALL & ~E_NOTICE" } }),
      { error_reporting: { constants: "E_ALL & ~E_NOTICE" } },
    ],
    ["quotes anything else there", runtime({ ini: { error_reporting: "system(1)" } }), { error_reporting: "system(1)" }],
    ["takes On for true", runtime({ ini: { short_open_tag: "On" } }), { short_open_tag: true }],
    [
      "keeps what the container's safety depends on",
      runtime({ ini: { "opcache.restrict_api": "/", allow_url_include: "On", sys_temp_dir: "/srv" } }),
      { "opcache.restrict_api": "/srv/web", allow_url_include: false, sys_temp_dir: "/tmp" },
    ],
    ["limits memory in the pool, not of the command line", {}, { memory_limit: -1 }],
    ["cleans its sessions itself", {}, { "session.gc_probability": 1, "session.save_path": "/tmp/sessions" }],
  ])("%s", (_name, spec, wanted) => {
    const found = ini(spec);
    for (const [key, value] of Object.entries(wanted)) expect([key, found[key]]).toEqual([key, value]);
  });

  it("asks the site's server for sessions, with a password that the file does not hold, for as long as a request may take", () => {
    const site = siteFixture({ scale: { replicas: 2 }, ...runtime({ fpm: { requestTimeout: "20s" } }) });
    const text = renderPhpFiles(site, { migration: "r1", code: "r1" }, true)?.["php.ini"] ?? "";
    expect(text.split("\n").filter((line) => /^(redis\.session|session\.(save|use_strict))/.test(line))).toEqual([
      "redis.session.lock_expire = 25",
      "redis.session.lock_retries = 1250",
      "redis.session.lock_wait_time = 20000",
      "redis.session.locking_enabled = yes",
      "session.save_handler = 'redis'",
      'session.save_path = "tcp://sessions:6379?persistent=1&timeout=1&read_timeout=2&auth[]=php&auth[]=${HOWDAH_SESSIONS_PASSWORD}"',
      "session.use_strict_mode = no",
    ]);
  });

  it("does not depend on the order of settings", () => {
    const render = (settings: Record<string, string>): string =>
      renderPhpFiles(siteFixture(runtime({ ini: settings })), { migration: "r1", code: "r1" })?.["php.ini"] ?? "";
    expect(render({ b: "1", a: "2" })).toBe(render({ a: "2", b: "1" }));
  });

  it.each<[string, Spec, string[]]>([
    ["nothing to say", {}, []],
    ["a setting that is refused", runtime({ ini: { log_errors: "0" } }), ["render/ini-setting-ignored"]],
    ["several replicas, which get a server for sessions", { scale: { replicas: 2 } }, []],
    ["several replicas with a shared mount", { scale: { replicas: 2 }, mounts: { files: {} } }, []],
    ["several replicas of an image of one's own", { scale: { replicas: 2 }, ...runtime({ image }) }, ["render/sessions-per-replica"]],
    ["growth of an image of one's own", { scale: { max: 3 }, ...runtime({ image }) }, ["render/sessions-per-replica"]],
    ["several replicas with sessions elsewhere", { scale: { replicas: 2 }, ...runtime({ ini: { "session.save_handler": "redis" } }) }, []],
  ])("tells: %s", (_name, spec, codes) => expect(phpIniDiagnostics(siteFixture(spec)).map(({ code }) => code)).toEqual(codes));
});

describe("php-fpm.conf", () => {
  it.each<[string, Spec, string, Record<string, unknown>]>([
    [
      "lets requests end when it stops",
      runtime({ fpm: { requestTimeout: "90s" } }),
      "global",
      { process_control_timeout: "90s", daemonize: false },
    ],
    ["ends requests that take too long", runtime({ fpm: { requestTimeout: "90s" } }), "www", { request_terminate_timeout: "90s" }],
    ["listens on a socket", {}, "www", { listen: "/run/php/fpm.sock", "listen.mode": "0660", "listen.backlog": 511 }],
    ["listens on TCP when apart", { topology: "apart" }, "www", { listen: 9000, "listen.mode": undefined }],
    ["runs only .php", {}, "www", { "security.limit_extensions": ".php", clear_env: false }],
    [
      "has as many workers as asked",
      runtime({ fpm: { maxChildren: 7, maxRequests: 9 } }),
      "www",
      { "pm.max_children": 7, "pm.max_requests": 9, pm: "ondemand" },
    ],
    ["limits memory", runtime({ memoryLimit: "300M" }), "www", { "php_value[memory_limit]": "300M" }],
    ["by php.ini's own name, too", runtime({ ini: { memory_limit: "-1" } }), "www", { "php_value[memory_limit]": -1 }],
    ["answers for its health beside its workers", {}, "www", { "pm.status_listen": "/run/php/status.sock" }],
    [
      "by a pool of its own on 7.4",
      runtime({ php: "7.4" }),
      "status",
      { listen: "/run/php/status.sock", "pm.max_children": 1, "security.limit_extensions": ".none" },
    ],
  ])("%s", (_name, spec, section, wanted) => {
    const found = file("php-fpm.conf", spec)[section] ?? {};
    for (const [key, value] of Object.entries(wanted)) expect([key, found[key]]).toEqual([key, value]);
  });

  it("has one pool on PHP 8", () => expect(Object.keys(file("php-fpm.conf", {}))).toEqual(["global", "www"]));
});

describe("entrypoint.json", () => {
  it("is what the program in the image reads", () => {
    const site = siteFixture({
      database: {},
      mounts: { uploads: {}, cache: { storage: "local", seed: false } },
      hooks: { install: [["php", "install.php"], { sql: "a.sql" }], migrate: "php migrate.php" },
    });
    expect(entrypointConfig(site, { migration: "abc", code: "c1" })).toEqual({
      schema: 2,
      root: "/srv/web",
      directories: ["/run/php", "/tmp/sessions"],
      codeSeed: null,
      codeRelease: null,
      mounts: [
        { path: "cache", target: "/srv/web/cache", seed: null },
        { path: "uploads", target: "/srv/web/uploads", seed: "/usr/share/howdah/seed/uploads" },
      ],
      ledgerMount: "/srv/web/uploads",
      database: { waitSeconds: 45 },
      hooks: { install: [{ argv: ["php", "install.php"] }, { sql: "a.sql" }], migrate: [{ argv: ["php", "migrate.php"] }] },
      migration: { step: "abc", repeatable: false, by: "rollout" },
      opcache: { primed: "/usr/share/howdah/opcache", directory: "/run/opcache" },
      server: ["/usr/sbin/php-fpm", "-F", "-O", "-y", "/etc/howdah/php-fpm.conf"],
      status: { address: "unix:///run/php/status.sock", path: "/-/fpm-ping" },
    });
  });

  it.each<[string, Spec, Record<string, unknown>]>([
    [
      "seeds a writable tree and its mounts from one place",
      { code: "writable", mounts: { a: {} } },
      {
        codeSeed: "/usr/share/howdah/code",
        codeRelease: "c1",
        ledgerMount: "/srv/web",
        mounts: [{ path: "a", target: "/srv/web/a", seed: "/usr/share/howdah/code/a" }],
      },
    ],
    ["compiles for itself what lies on a volume", { code: "writable" }, { opcache: null }],
    ["compiles for itself when the site file asks for the JIT", runtime({ ini: { "opcache.jit": "tracing" } }), { opcache: null }],
    [
      "remembers nothing without shared mounts",
      { mounts: { a: { storage: "local" } } },
      { ledgerMount: null, database: null, migration: { step: "r", repeatable: false, by: "start" } },
    ],
  ])("%s", (_name, spec, wanted) => expect(entrypointConfig(siteFixture(spec), { migration: "r", code: "c1" })).toMatchObject(wanted));
});
