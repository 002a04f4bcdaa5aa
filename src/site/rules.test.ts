import { describe, expect, it } from "vitest";
import { checkSite } from "./check-site.ts";
import { parseSite } from "./parse-site.ts";

const head = "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: blog}\nspec:\n";

/** `severity code` of each finding of a spec in flow notation. */
function found(...lines: string[]): string[] {
  const { diagnostics } = checkSite(parseSite(`${head}${lines.map((line) => `  ${line}\n`).join("")}`), { environment: "production" });
  return diagnostics.map(({ severity, code }) => `${severity} ${code}`);
}

/** The message and hint of the only finding. */
function said(...lines: string[]): string {
  const { diagnostics } = checkSite(parseSite(`${head}${lines.map((line) => `  ${line}\n`).join("")}`), { environment: "production" });
  return diagnostics.map(({ message, hint }) => `${message} | ${hint ?? ""}`).join("\n");
}

const php = 'runtime: {php: "8.4"}';

describe("site rules", () => {
  it.each<{ name: string; spec: string[]; codes: string[] }>([
    { name: "takes a bare PHP site", spec: [php], codes: [] },
    { name: "takes a bare static site", spec: ["web: {root: public}"], codes: [] },
    { name: "refuses an unknown PHP", spec: ['runtime: {php: "8.3"}'], codes: ["error site/unknown-php-version"] },
    { name: "warns about an old PHP", spec: ['runtime: {php: "7.4"}'], codes: ["warning site/old-php"] },
    {
      name: "refuses an unknown extension",
      spec: ['runtime: {php: "8.4", extensions: [imgick]}'],
      codes: ["error site/unknown-extension"],
    },
    { name: "refuses imap in 8.4", spec: ['runtime: {php: "8.4", extensions: [imap]}'], codes: ["error site/extension-not-in-php"] },
    { name: "takes imap in 8.2", spec: ['runtime: {php: "8.2", extensions: [imap]}'], codes: [] },
    {
      name: "warns that FPM has no pcntl",
      spec: ['runtime: {php: "8.4", extensions: [pcntl]}'],
      codes: ["warning site/extension-cli-only"],
    },
    {
      name: "leaves extensions to an image of one's own",
      spec: ['runtime: {php: "8.4", extensions: [foo], image: "docker.io/x"}'],
      codes: [],
    },
    {
      name: "refuses settings that break the container",
      spec: ['runtime: {php: "8.4", ini: {error_log: /x, Extension: a, daemonize: 1}}'],
      codes: Array(3).fill("error site/ini-refused"),
    },
    {
      name: "warns about settings that are seldom meant",
      spec: ['runtime: {php: "8.4", ini: {open_basedir: /srv, display_errors: true, opcache.enable: 0}}'],
      codes: Array(3).fill("warning site/ini-doubtful"),
    },
    {
      name: "takes harmless values of them",
      spec: ['runtime: {php: "8.4", ini: {display_errors: Off, opcache.enable: 1, auto_prepend_file: x.php}}'],
      codes: [],
    },
    {
      name: "warns when one request may use more than the container",
      spec: ['runtime: {php: "8.4", memoryLimit: 1G}'],
      codes: ["warning site/memory-limit"],
    },
    {
      name: "warns when PHP takes larger uploads than nginx",
      spec: ['runtime: {php: "8.4", ini: {post_max_size: 1G}}'],
      codes: ["warning site/upload-limit"],
    },
    {
      name: "refuses a most that is less than the least, of PHP and of nginx",
      spec: [php, "topology: apart", "scale: {replicas: 3, max: 2, web: {replicas: 4, max: 3}}"],
      codes: ["error site/scale-max", "error site/scale-max"],
    },
    {
      name: "refuses a number of nginx where it shares its pods with PHP",
      spec: [php, "scale: {web: {replicas: 2}}"],
      codes: ["error site/scale-web"],
    },
    {
      name: "refuses hooks, crons and workers without PHP",
      spec: ["hooks: {install: x, build: make}", "crons: {a: {schedule: '@daily', command: x}}", "workers: {a: {command: x}}"],
      codes: ["error site/needs-php", "error site/needs-php", "error site/needs-php"],
    },
    {
      name: "refuses a PHP front controller without PHP",
      spec: ["web: {locations: {/: {passthru: true}}}"],
      codes: ["error site/needs-php"],
    },
    { name: "takes an HTML front controller", spec: ["web: {locations: {/: {passthru: /index.html}}}"], codes: [] },
    {
      name: "refuses a front controller that is no script",
      spec: [php, "web: {locations: {/: {passthru: /index}}}"],
      codes: ["error site/front-controller"],
    },
    {
      name: "warns about fields that need a front controller",
      spec: [php, "web: {locations: {/: {query: id, pathInfo: true}}}"],
      codes: Array(2).fill("warning site/no-effect"),
    },
    {
      name: "refuses redirects to nowhere",
      spec: [
        'web: {locations: {/a: {redirect: {to: foo}}, /b: {redirect: {to: "//x"}}, /c: {redirect: {to: /ok}}, /d: {redirect: {to: "https://x/"}}}}',
      ],
      codes: Array(2).fill("error site/redirect"),
    },
    { name: "refuses the same location twice", spec: ["web: {locations: {/a: {}, /a/: {}}}"], codes: ["error site/duplicate-location"] },
    { name: "refuses an unknown nginx module", spec: ["web: {modules: [brotil]}"], codes: ["error site/unknown-nginx-module"] },
    {
      name: "refuses a hostname twice and a wildcard first",
      spec: ['hostnames: ["*.x.org", a.org, a.org]'],
      codes: ["error site/wildcard-first", "error site/duplicate-hostname"],
    },
    { name: "refuses TLS by secret without one", spec: ["tls: {mode: secret}"], codes: ["error site/tls-secret"] },
    { name: "warns about a secret without TLS by secret", spec: ["tls: {secret: x}"], codes: ["warning site/no-effect"] },
    { name: "refuses an unknown Node", spec: ['builder: {node: "16"}'], codes: ["error site/unknown-node-version"] },
    { name: "refuses an unknown MariaDB", spec: ['database: {version: "10.6"}'], codes: ["error site/unknown-mariadb-version"] },
    { name: "refuses a collation of another charset", spec: ["database: {charset: latin1}"], codes: ["error site/collation"] },
    {
      name: "refuses database variables without database",
      spec: [php, "variables: {H: {database: host}}"],
      codes: ["error site/needs-database"],
    },
    {
      name: "refuses SQL without database",
      spec: [php, "hooks: {install: {sql: a.sql}, migrate: [{sql: b.sql}]}"],
      codes: Array(2).fill("error site/needs-database"),
    },
    {
      name: "needs a database for SQL in a migration with terms, and names the step",
      spec: [php, "hooks: {migrate: {run: [{sql: b.sql}], watch: [x]}}"],
      codes: ["error site/needs-database"],
    },
    {
      name: "refuses patterns that leave the tree",
      spec: [php, "hooks: {migrate: {run: x, watch: [../a]}}"],
      codes: ["error site/invalid-value"],
    },
    { name: "refuses SQL in the build", spec: [php, "database: {}", "hooks: {build: [{sql: a.sql}]}"], codes: ["error site/build-sql"] },
    { name: "refuses a mount in a mount", spec: [php, "mounts: {a: {}, a/b: {}, ab: {}}"], codes: ["error site/mount-in-mount"] },
    { name: "refuses everything as a mount", spec: [php, "mounts: {.: {}}"], codes: ["error site/mount-everything"] },
    {
      name: "refuses the sealed web root as a mount",
      spec: [php, "web: {root: pub/web}", "mounts: {pub: {}}"],
      codes: ["error site/mount-web-root"],
    },
    { name: "takes it with writable code", spec: [php, "code: writable", "web: {root: pub}", "mounts: {pub: {}}"], codes: [] },
    { name: "refuses an unknown preset", spec: [php, "configuration: {a.php: {preset: wordpres}}"], codes: ["error site/unknown-preset"] },
    {
      name: "warns about configuration that a mount hides",
      spec: [php, "mounts: {a: {seed: false}}", "configuration: {a/b.php: {content: x}}"],
      codes: ["warning site/configuration-hidden"],
    },
    {
      name: "refuses the containers' own variables",
      spec: [php, "variables: {PATH: x, LD_PRELOAD: x, HOWDAH_URL: x, HOWDAH_ADMIN_USER: x}"],
      codes: Array(3).fill("error site/reserved-variable"),
    },
    {
      name: "warns about secrets in the file",
      spec: [php, "variables: {SMTP_PASSWORD: hunter2, EMPTY_TOKEN: '', APP_KEY: {generate: {}}}"],
      codes: ["warning site/secret-in-file"],
    },
    {
      name: "refuses schedules that never come and time zones that are none",
      spec: [
        php,
        "timeZone: Mars/Base",
        "crons: {a: {schedule: 60 * * * *, command: x}, b: {schedule: '@daily', timeZone: Europe/Berlin, command: x}, c: {schedule: 0 0 30 2 *, command: x}, d: {schedule: H H * * *, timeZone: Nowhere, command: x}}",
      ],
      codes: Array(4).fill("error site/schedule"),
    },
    {
      name: "lets no environment reach a mail server, by its address or as a relationship",
      spec: [
        php,
        "relationships: {smtp: {host: smtp.example.org, port: 587}, api: {host: api.example.org, port: 443}}",
        "environments: {allow: [smtp, api, 'mx.example.org:25', 'api.example.org:8025']}",
      ],
      codes: ["error site/environment-mail", "error site/environment-mail"],
    },
    {
      name: "takes rules for a dataset",
      spec: [
        php,
        "database: {}",
        "mounts: {files: {}}",
        "dataset: {language: de, schedule: H 3 * * *, tables: {users: {columns: {mail: email, name: {use: full-name, per: id}}}, log_*: empty, meta: {rows: {where: [{column: t, newerThanDays: 9}]}, columns: {v: [{when: {column: k, is: [a]}, use: phone}, {use: text}]}}}, files: [{mount: files, match: '**', action: replace}]}",
      ],
      codes: [],
    },
    {
      name: "refuses rules for a dataset that mean nothing",
      spec: [
        php,
        "database: {}",
        "dataset: {presets: [wordpres], schedule: 60 * * * *, files: [{mount: nowhere, match: '**', action: keep}], tables: {t: {columns: {a: constant, b: {use: email, paths: {x: keep}}, c: [{use: keep}, {use: text}], d: [{when: {column: k}, use: keep}]}}, u: {rows: {}}, v: {rows: {where: [{column: x}]}}}}",
      ],
      codes: ["error site/unknown-preset", "error site/schedule", ...Array(8).fill("error site/dataset")],
    },
    {
      name: "refuses a dataset's tables without a database",
      spec: [php, "dataset: {tables: {users: keep}}"],
      codes: ["error site/needs-database"],
    },
    { name: "refuses commands for a shell", spec: [php, "workers: {a: {command: a | b}}"], codes: ["error site/command"] },
  ])("$name", ({ spec, codes }) => {
    expect(found(...spec)).toEqual(codes);
  });

  it.each<{ name: string; spec: string[]; says: RegExp }>([
    { name: "the nearest PHP", spec: ['runtime: {php: "8.3"}'], says: /Use one of: 7\.4, 8\.2, 8\.4; `8\.4` is nearest\.$/ },
    { name: "PHP without its name", spec: ['runtime: {php: "php:8.2"}'], says: /Write `php: "8\.2"`/ },
    { name: "the extension that was meant", spec: ['runtime: {php: "8.4", extensions: [imgick]}'], says: /Did you mean `imagick`\?$/ },
    { name: "who has the extension", spec: ['runtime: {php: "8.4", extensions: [imap]}'], says: /PHP 7\.4 and 8\.2 have it\.$/ },
    { name: "where extensions are listed", spec: ['runtime: {php: "8.4", extensions: [zzzzzzzz]}'], says: /howdah explain/ },
    { name: "the module that was meant", spec: ["web: {modules: [brotil]}"], says: /Did you mean `brotli`\?$/ },
    { name: "the MariaDB versions", spec: ["database: {version: '5'}"], says: /Use one of: 10\.5, 10\.11, 11\.8\.$/ },
  ])("hints at $name", ({ spec, says }) => {
    expect(said(...spec)).toMatch(says);
  });

  it("reports form and meaning together, without echoes", () => {
    const codes = found("runtime: {php: 8.3, extensions: [imgick]}", "foo: 1", "web: {modules: [brotil]}", "hooks: {install: php x.php}");
    expect(codes).toEqual([
      "error site/invalid-type",
      "error site/unknown-extension",
      "error site/unknown-key",
      "error site/unknown-nginx-module",
    ]);
  });

  it("does not say that PHP is missing when its section is only wrong", () => {
    expect(found("runtime: 8.4", "hooks: {install: x}")).toEqual(["error site/invalid-type"]);
  });
});
