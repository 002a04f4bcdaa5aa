import { chown, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exampleSite, siteOf } from "../../src/render/nginx/testing/example-sites.ts";
import type { Site } from "../../src/site/site.ts";
import type { DebianPrograms } from "../support/debian-programs.ts";
import { webPrograms } from "../support/web-programs.ts";
import { addresses, type Answer, type Ask, startWebRig, type WebRig } from "../support/web-rig.ts";

const programs: DebianPrograms | undefined = await webPrograms();
const SOURCE = "<?php echo 'EXEC', 'UTED ', __FILE__; /* SOURCE-MARK */";
const FRONT =
  "<?php header('Content-Type: text/plain'); echo 'FRONT ', $_SERVER['SCRIPT_NAME'], ' ', $_SERVER['PATH_INFO'] ?? '-', ' ', $_SERVER['QUERY_STRING'];";
const SERVER = "<?php header('Content-Type: application/json'); header('Cache-Control: no-store'); echo json_encode($_SERVER);";

/** Names under which somebody may have uploaded a script. */
const UPLOADED = [
  "evil.php",
  "evil.PHP",
  "evil.Php",
  "evil.pHp",
  "evil.php3",
  "evil.php4",
  "evil.php5",
  "evil.php7",
  "evil.php8",
  "evil.phtml",
  "evil.PHTML",
  "evil.pht",
  "evil.phtm",
  "evil.phar",
  "evil.PHAR",
  "evil.phps",
  "evil.inc",
  "evil.php.jpg",
  "evil.php.JPG",
  "evil.phtml.png",
  "evil.php.",
  "evil.php ",
  "evil.php~",
  "evil.php.bak",
  "evil.php.save",
  "evil.php.swp",
  "evil.php_",
  "evil.php#",
  "evil.php;.jpg",
  "evil.php:x.jpg",
  "evil.pl",
  "evil.cgi",
  ".user.ini",
  ".htaccess",
  ".evil.php",
  "index.php",
  "sub/evil.php",
  "sub/index.php",
  "php.ini",
];

/** Ways to ask for them beyond their names. */
const ASKED = [
  ...UPLOADED.map((name) => encodeURIComponent(name).replaceAll("%2F", "/")),
  "",
  "sub/",
  "sub",
  "evil.php/",
  "evil.php/x",
  "evil.php/x.jpg",
  "evil.php/x.css?y",
  "evil.php?x=1",
  "evil%2ephp",
  "%65vil.php",
  "evil.php%00",
  "evil.php%00.jpg",
  "evil.php%0a",
  "evil.php%20",
  "evil.php%2f",
  "./evil.php",
  "/evil.php",
  "//evil.php",
  "sub/../evil.php",
  "sub/%2e%2e/evil.php",
  "pic.jpg/x.php",
  "pic.jpg/evil.php",
  "evil.php\\",
  "evil.PHP/x",
  "evil.phar/x",
];

const presets: readonly { readonly name: string; readonly site: Site; readonly uploads: string; readonly root: string }[] = [
  { name: "WordPress", site: exampleSite("wordpress"), uploads: "wp-content/uploads", root: "." },
  { name: "Drupal", site: exampleSite("drupal"), uploads: "sites/default/files", root: "web" },
  { name: "Laravel", site: exampleSite("laravel"), uploads: "uploads", root: "public" },
  { name: "plain", site: siteOf({ runtime: { php: "8.2" }, mounts: { uploads: {} } }, "plain"), uploads: "uploads", root: "." },
  {
    name: "plain, writable code",
    site: siteOf({ runtime: { php: "8.2" }, code: "writable", mounts: { uploads: {} } }, "plain"),
    uploads: "uploads",
    root: ".",
  },
];

/** Paths that are nobody's business (G2). `DIRECTORY/` stands for a file below it. */
const SENSITIVE = [
  ".git/config .git/HEAD .git/index .gitignore .gitattributes .gitmodules .svn/entries .hg/hgrc .bzr/README CVS/Root .env .env.local .env.production .env.example",
  ".htaccess .htpasswd .user.ini .DS_Store .idea/workspace.xml .vscode/settings.json .ssh/id_rsa .aws/credentials .npmrc .dockerignore .editorconfig .travis.yml .gitlab-ci.yml .github/x.yml",
  ".bash_history .well-known/.env x/.env a/b/.git/config composer.json composer.lock composer.phar auth.json package.json package-lock.json yarn.lock pnpm-lock.yaml bower.json Gruntfile.js",
  "gulpfile.js webpack.config.js phpunit.xml phpunit.xml.dist phpcs.xml phpstan.neon Dockerfile Makefile Vagrantfile Procfile docker-compose.yml web.config artisan howdah.yaml howdah.yml",
  "dump.sql backup.sql dump.sql.gz backup.sql.zip db.sqlite db.sqlite3 site.db x.dump x.mdb debug.log error.log error_log laravel.log x.log.1 wp-config.php.save wp-config.php.bak wp-config.php~",
  "wp-config.php.swp wp-config.php.old wp-config.php.orig wp-config.php.txt wp-config.php_ config.php.dist config.inc settings.ini settings.yml settings.yaml config.toml app.conf my.cnf x.cfg",
  "index.php.bak index.php~ index.html~ index.html.bak x.orig x.old x.save x.tmp x.swp x.rej x.sh x.bash x.lock server.pem id_rsa id_ed25519 x.kdbx template.twig x.module x.install x.inc",
  "COMPOSER.JSON Dump.SQL .GIT/config sub/composer.json sub/dump.sql",
].flatMap((line) => line.split(" "));

/** Every browser says so; without, the answer comes by another way through nginx. */
const BROWSER = { "accept-encoding": "gzip, deflate, br" };

/** Asks plainly and as browsers do, which must give the same status and page. */
async function askBothWays(rig: WebRig, path: string, how: Ask = {}): Promise<Answer> {
  const plain = await rig.ask(path, how);
  const packed = await rig.ask(path, { ...how, headers: { ...how.headers, ...BROWSER } });
  expect({ path, status: packed.status, body: packed.body }).toEqual({ path, status: plain.status, body: plain.body });
  return packed;
}

describe.skipIf(programs === undefined)("nginx of a site, on real programs", () => {
  const rigs: WebRig[] = [];
  const rig = async (site: Site, files: Record<string, string>): Promise<WebRig> => {
    if (programs === undefined) throw new Error("unreachable");
    const started = await startWebRig(programs, site, files);
    rigs.push(started);
    return started;
  };
  afterAll(async () => {
    for (const one of rigs) await one.stop();
    await programs?.remove();
  });

  describe.each(presets)("$name", ({ site, uploads, root, name }) => {
    let running: WebRig;
    const inRoot = (path: string): string => (root === "." ? path : `${root}/${path}`);
    beforeAll(async () => {
      const files = {
        [inRoot("index.php")]: FRONT,
        [inRoot("ok.css")]: "body{}",
        [inRoot("run.php")]: "<?php echo 'RAN';",
        [inRoot("lib/vendor/phpunit/eval-stdin.php")]: SOURCE,
      };
      for (const path of UPLOADED) files[inRoot(`${uploads}/${path}`)] = SOURCE;
      for (const path of SENSITIVE) files[inRoot(path)] = "SOURCE-MARK";
      files[inRoot(`${uploads}/pic.jpg`)] = "JPEG";
      if (root === ".") files["vendor/autoload.php"] = files["vendor/x.css"] = SOURCE;
      if (name === "Laravel") for (const path of UPLOADED) files[`storage/app/public/${path}`] = SOURCE;
      running = await rig(site, files);
      if (name === "Laravel") await symlink("../storage/app/public", join(running.code, "public/storage"));
    });

    it("runs what is code and serves what is static", async () => {
      expect(await askBothWays(running, "/run.php")).toMatchObject({ status: 200, body: "RAN" });
      expect(await running.ask("/ok.css")).toMatchObject({
        status: 200,
        body: "body{}",
        headers: { "content-type": "text/css", "x-content-type-options": "nosniff", server: "nginx" },
      });
      expect(await running.ask(`/${uploads}/pic.jpg`)).toMatchObject({ status: 200, body: "JPEG" });
      expect((await askBothWays(running, "/?a=b")).body).toMatch(/^FRONT \/index\.php - a=b/);
    });

    it(`runs and shows nothing of ${ASKED.length} URLs in its writable paths (G1)`, async () => {
      const leaks: string[] = [];
      const places = name === "Laravel" ? [uploads, "storage"] : [uploads];
      for (const place of places) {
        for (const path of ASKED) {
          const { status, body } = await askBothWays(running, `/${place}/${path}`);
          if (/EXECUTED|SOURCE-MARK|<\?php/.test(body)) leaks.push(`${status} ${place}/${path}: ${body.slice(0, 60)}`);
        }
      }
      expect(leaks).toEqual([]);
    });

    it(`answers 403 or 404 for ${SENSITIVE.length} sensitive paths (G2)`, async () => {
      const found: string[] = [];
      for (const path of [
        ...SENSITIVE,
        "lib/vendor/phpunit/eval-stdin.php",
        ...(root === "." ? ["vendor/autoload.php", "vendor/x.css", "vendor/"] : []),
      ]) {
        const { status, body } = await askBothWays(running, `/${path}`);
        if (![403, 404].includes(status) || body.includes("SOURCE-MARK")) found.push(`${status} ${path}`);
      }
      expect(found).toEqual([]);
    });

    it("refuses control characters in paths and foreign hosts", async () => {
      expect((await askBothWays(running, "/a%0d%0aX-Evil:%201")).status).toBe(400);
      expect((await askBothWays(running, "/", { headers: { host: "evil.example" } })).status).toBe(421);
    });
  });

  it("would run uploaded scripts where nothing declares the path as writable: the probes are real", async () => {
    const running = await rig(siteOf({ runtime: { php: "8.2" } }, "open"), { "uploads/evil.php": SOURCE, "uploads/index.php": SOURCE });
    for (const path of ["evil.php", "%65vil.php", "/evil.php", "evil.php/x.jpg", ""]) {
      expect((await running.ask(`/uploads/${path}`)).body, path).toContain("EXECUTED");
    }
  });

  describe("forged forwarding headers (G4)", () => {
    let running: WebRig;
    beforeAll(async () => {
      running = await rig(siteOf({ runtime: { php: "8.2" } }, "demo"), { "server.php": SERVER });
    });
    const forged: readonly Record<string, string>[] = [
      {},
      { "x-forwarded-for": "1.2.3.4" },
      { "x-forwarded-for": "1.2.3.4, 127.0.0.1" },
      { "x-forwarded-for": "127.0.0.1, 127.0.0.1" },
      { "x-forwarded-for": "unknown" },
      { "x-forwarded-for": "::1" },
      { "x-real-ip": "1.2.3.4", "x-forwarded-proto": "https" },
      { "x-forwarded-proto": "https", "x-forwarded-port": "443", "x-forwarded-ssl": "on" },
      { "x-forwarded-host": "evil.example" },
      { forwarded: "for=1.2.3.4;proto=https;host=evil.example" },
      { "client-ip": "1.2.3.4", "x-client-ip": "1.2.3.4", "true-client-ip": "1.2.3.4", "cf-connecting-ip": "1.2.3.4" },
      { "front-end-https": "on", "x-url-scheme": "https", "x-forwarded-scheme": "https" },
      { proxy: "http://evil.example:3128" },
      { "x-original-url": "/admin", "x-rewrite-url": "/admin" },
      { "x-forwarded-prefix": "/evil", "x-forwarded-server": "evil.example" },
      { "x-request-id": 'evil"id' },
      { "x-forwarded-for": `${"1.1.1.1, ".repeat(50)}2.2.2.2` },
    ];
    const from = [
      { way: "straight, from a stranger", how: { from: addresses.stranger } },
      { way: "through the edge, from a stranger", how: { from: addresses.stranger, throughEdge: true } },
      { way: "through the edge, from another", how: { from: "127.0.0.99", throughEdge: true } },
    ];
    const cases = from.flatMap(({ way, how }) =>
      forged.flatMap((headers) => [headers, { ...headers, ...BROWSER }].map((all) => ({ way, how, headers: all }))),
    );

    it.each(cases)("$way: $headers", async ({ how, headers }) => {
      const { body } = await running.ask("/server.php", { ...how, headers: { host: "demo.localhost:8123", ...headers } });
      const seen = JSON.parse(body) as Record<string, string>;
      expect(seen["REMOTE_ADDR"]).toBe(how.from);
      expect(seen["HTTPS"]).toBeUndefined();
      expect(seen["HTTP_HOST"]).toBe("demo.localhost:8123");
      expect(seen["SERVER_PORT"]).toBe("8123");
      expect(seen["SERVER_ADDR"]).toBe("127.0.0.1");
      expect(JSON.stringify(seen)).not.toMatch(/evil|1\.2\.3\.4|\/admin|"on"|https|127\.72/);
      expect(seen["HTTP_PROXY"]).toBeUndefined();
    });

    it.each([{}, BROWSER])("believes the edge about the client, the scheme and the request's id: %o", async (more) => {
      const headers = {
        ...more,
        host: "demo.localhost",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-request-id": "0123456789abcdef",
      };
      const seen = JSON.parse((await running.ask("/server.php", { headers })).body) as Record<string, string>;
      expect(seen).toMatchObject({
        REMOTE_ADDR: "203.0.113.9",
        HTTPS: "on",
        SERVER_PORT: "443",
        REQUEST_SCHEME: "https",
        HTTP_X_REQUEST_ID: "0123456789abcdef",
      });
    });

    it("meets people at the edge with a page of its own", async () => {
      const edge = (host: string, method = "GET") => running.ask("/server.php", { throughEdge: true, method, headers: { host } });
      expect(await edge("nobody.example")).toMatchObject({ status: 404, body: expect.stringContaining("No site of this name") });
      expect(await edge("starting.localhost")).toMatchObject({
        status: 503,
        body: expect.stringContaining("starting.localhost is starting"),
        headers: { "retry-after": "3" },
      });
      expect(await edge("dead.localhost")).toMatchObject({ status: 503, body: expect.stringContaining("dead.localhost is starting") });
      // The half-dead site's living pod knows no such host: 421 says that the request got there.
      expect([(await edge("half.localhost")).status, (await edge("half.localhost")).status]).toEqual([421, 421]);
    });

    it("answers health on its own port only", async () => {
      expect(await running.status("/-/ready")).toMatchObject({ status: 200, body: "pong" });
      expect(await running.status("/-/live")).toMatchObject({ status: 200 });
      expect((await running.status("/server.php")).status).toBe(404);
      expect((await running.ask("/-/ready")).status).toBe(404);
    });
  });

  describe("locations and rewrites", () => {
    it("routes a wiki with rewrites and a query front controller", async () => {
      const running = await rig(exampleSite("dokuwiki"), {
        "doku.php": FRONT,
        "lib/exe/fetch.php": FRONT,
        "lib/x.css": "css",
        "conf/local.php": SOURCE,
        "inc/init.php": SOURCE,
        "give.php": "<?php header('X-Accel-Redirect: /data/media/a.txt');",
        "data/media/a.txt": "MEDIA",
      });
      expect((await askBothWays(running, "/")).body).toBe("FRONT /doku.php - ");
      expect((await askBothWays(running, "/wiki/start?do=edit")).body).toBe("FRONT /doku.php - id=wiki/start&do=edit");
      expect((await askBothWays(running, "/Php.ini")).body).toBe("FRONT /doku.php - id=Php.ini");
      expect((await askBothWays(running, "/_media/a/b.png?w=3")).body).toBe("FRONT /lib/exe/fetch.php - media=a/b.png&w=3");
      expect((await askBothWays(running, "/_export/pdf/x")).body).toBe("FRONT /doku.php - do=export_pdf&id=x");
      expect((await askBothWays(running, "/lib/x.css")).body).toBe("css");
      expect((await askBothWays(running, "/conf/local.php")).status).toBe(403);
      expect((await askBothWays(running, "/inc/init.php")).status).toBe(403);
      expect((await askBothWays(running, "/data/media/a.txt")).status).toBe(404);
      expect((await askBothWays(running, "/give.php")).body).toBe("MEDIA");
    });

    it("routes a wiki with PATH_INFO", async () => {
      const running = await rig(exampleSite("mediawiki"), {
        "index.php": FRONT,
        "load.php": FRONT,
        "images/x.txt": "x",
        "includes/a.php": SOURCE,
      });
      expect((await askBothWays(running, "/wiki/Main_Page?a=1")).body).toBe("FRONT /index.php /wiki/Main_Page a=1");
      expect((await askBothWays(running, "/wiki/Foo.php")).body).toBe("FRONT /index.php /wiki/Foo.php ");
      expect((await askBothWays(running, "/wiki/.htaccess")).body).toBe("FRONT /index.php /wiki/.htaccess ");
      expect((await askBothWays(running, "/index.php/Php.ini")).body).toBe("FRONT /index.php /Php.ini ");
      expect((await askBothWays(running, "/load.php?x")).body).toBe("FRONT /load.php - x");
      expect((await askBothWays(running, "/nothing")).status).toBe(404);
      expect((await askBothWays(running, "/wikipedia")).status).toBe(404);
      expect((await askBothWays(running, "/includes/a.php")).status).toBe(403);
      expect((await askBothWays(running, "/images/x.txt")).body).toBe("x");
    });

    it("routes aliases, redirects, headers and rewrites", async () => {
      const running = await rig(
        { ...exampleSite("routes"), tls: { mode: "off" }, web: { ...exampleSite("routes").web, modules: [] } },
        {
          "htdocs/start.php": FRONT,
          "htdocs/api.php": FRONT,
          "htdocs/item.php": FRONT,
          "htdocs/closed/a.txt": "a",
          "htdocs/closed/open/b.txt": "b",
          "htdocs/dir/index.html": "DIR",
          "assets/a.css": "css",
          "assets/evil.php": "<?php echo 'alias ran ', $_SERVER['SCRIPT_NAME'];",
          "admin/web/app.php": FRONT,
          "admin/web/tool.php": FRONT,
          "data/files/a.txt": "file",
          "data/files/a.php": SOURCE,
        },
      );
      const home = await askBothWays(running, "/");
      expect(home).toMatchObject({ body: "FRONT /start.php - ", headers: { "x-frame-options": 'SAM"E$ORIGIN; {}' } });
      expect(await askBothWays(running, "/static/a.css")).toMatchObject({ body: "css", headers: { "cache-control": "max-age=2592000" } });
      expect((await askBothWays(running, "/static/evil.php")).body).toBe("alias ran /static/evil.php");
      expect((await askBothWays(running, "/admin/users?x=1")).body).toBe("FRONT /admin/app.php - x=1");
      expect((await askBothWays(running, "/admin/tool.php/p")).body).toBe("FRONT /admin/tool.php /p ");
      expect(await askBothWays(running, "/admin?x=1")).toMatchObject({ status: 301, headers: { location: "/admin/?x=1" } });
      expect(await askBothWays(running, "/old/x")).toMatchObject({ status: 308, headers: { location: "/new?a=$b" } });
      expect(await askBothWays(running, "/moved/a")).toMatchObject({ status: 307, headers: { location: "https://example.org/a" } });
      expect((await askBothWays(running, "/shop/12")).body).toBe("FRONT /item.php - id=12");
      expect((await askBothWays(running, "/SHOP/12?b=c")).body).toBe("FRONT /item.php - id=12&b=c");
      expect((await askBothWays(running, "/api.php/v1")).body).toBe("FRONT /api.php /v1 ");
      expect((await askBothWays(running, "/closed/a.txt")).status).toBe(403);
      expect((await askBothWays(running, "/closed")).status).toBe(403);
      expect((await askBothWays(running, "/closed/open/b.txt")).body).toBe("b");
      expect((await askBothWays(running, "/files/a.txt")).body).toBe("file");
      expect((await askBothWays(running, "/files/a.php")).status).toBe(403);
      expect(await askBothWays(running, "/dir")).toMatchObject({ status: 301, headers: { location: "/dir/" } });
      expect((await askBothWays(running, "/dir/")).body).toBe("DIR");
    });

    it("follows no link out of the code: not to a volume for scripts, not from a volume for anything", async () => {
      const site = siteOf({ runtime: { php: "8.2" }, web: { root: "public" }, mounts: { storage: {}, "public/up": {} } }, "demo");
      const running = await rig(site, {
        "public/index.php": FRONT,
        "public/real.php": FRONT,
        "storage/app/x.php": SOURCE,
        "storage/app/x.jpg": "JPEG",
        "secret.txt": "SECRET",
      });
      const at = (path: string): string => join(running.code, path);
      for (const path of ["storage/app", "storage/app/x.php", "storage/app/x.jpg"]) await chown(at(path), 65_534, 65_534);
      await symlink("../storage/app", at("public/storage"));
      await symlink("real.php", at("public/linked.php"));
      await symlink("../../secret.txt", at("public/up/secret.txt"));
      expect((await askBothWays(running, "/storage/x.jpg")).body).toBe("JPEG");
      expect((await askBothWays(running, "/linked.php")).body).toBe("FRONT /linked.php - ");
      expect((await askBothWays(running, "/storage/x.php")).body).not.toMatch(/EXECUTED|SOURCE-MARK/);
      expect((await askBothWays(running, "/up/secret.txt")).status).toBe(404);
    });

    it("serves a static site without PHP, and its files compressed beforehand", async () => {
      const running = await rig(exampleSite("static"), {
        "site/index.html": "<h1>hi</h1>",
        "site/a.js": "plain",
        "site/app/index.html": "APP",
        "site/evil.php": SOURCE,
      });
      await writeFile(join(running.code, "site/a.js.gz"), "GZIPPED");
      expect((await running.ask("/")).body).toBe("<h1>hi</h1>");
      expect((await running.ask("/a.js", { headers: { "accept-encoding": "gzip" } })).body).toBe("GZIPPED");
      expect((await running.ask("/evil.php")).status).toBe(403);
      expect((await running.ask("/none")).status).toBe(404);
      expect(await running.ask("/app/deep/link")).toMatchObject({ status: 200, body: "APP", headers: { "content-type": "text/html" } });
    });
  });
});
