import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { siteDocument } from "../../site/schema/site-document.ts";
import { htaccessToWeb } from "./htaccess-to-web.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");
const names = readdirSync(FIXTURES)
  .filter((name) => name.endsWith(".htaccess"))
  .map((name) => name.replace(/\.htaccess$/, ""));
const read = (name: string) => readFileSync(join(FIXTURES, `${name}.htaccess`), "utf8");
const rootFile = (text: string, path = ".htaccess") => htaccessToWeb([{ path, text }], ".");

describe("a directory that is denied but for some files", () => {
  const text = 'Require all denied\n<FilesMatch "^(form\\.js|inter\\.css)$">\nRequire all granted\n</FilesMatch>\n';

  it("keeps its styles and pictures, runs no script, and says what could not be said", () => {
    const { web, diagnostics } = rootFile(text, "plugins/akismet/.htaccess");
    expect(web.locations).toEqual({ "/plugins/akismet": { scripts: false } });
    expect(diagnostics.map(({ code }) => code)).toEqual(["htaccess/not-translated"]);
  });
});

describe("htaccessToWeb on real files", () => {
  it.each(names)("%s becomes what is committed", async (name) => {
    const directory = /-(images|files|libraries)$/.exec(name)?.[1];
    const { web, ini, diagnostics } = rootFile(read(name), directory === undefined ? ".htaccess" : `${directory}/.htaccess`);
    const findings = diagnostics.map(({ severity, line, code, message }) => `${severity} ${line} ${code}: ${message}`);
    await expect(`${JSON.stringify({ web, ini, findings }, null, 2)}\n`).toMatchFileSnapshot(join(FIXTURES, `${name}.expected.txt`));
  });

  it.each(names)("%s gives fields that the site file's schema takes", (name) => {
    const { web, ini } = rootFile(read(name));
    const { memory_limit: _, ...settings } = ini;
    const site = {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Site",
      metadata: { name: "x" },
      spec: { web, runtime: { php: "8.2", ini: settings } },
    };
    expect(siteDocument.safeParse(site).error?.issues ?? []).toEqual([]);
  });

  it.each<[string, object]>([
    ["wordpress", { passthru: "/index.php" }],
    ["laravel", { passthru: "/index.php" }],
    ["symfony", { passthru: "/index.php" }],
    ["drupal", { passthru: "/index.php" }],
    ["typo3", { passthru: "/index.php" }],
    ["joomla", { passthru: "/index.php" }],
    ["grav", { passthru: "/index.php" }],
    ["wordpress-multisite", { passthru: "/index.php" }],
    ["typecho", { passthru: "/index.php", pathInfo: true }],
    ["thinkphp", { passthru: "/index.php", pathInfo: true }],
    ["dokuwiki", { passthru: "/doku.php", query: "id" }],
  ])("%s has its front controller", (name, expected) => {
    expect(rootFile(read(name)).web.locations?.["/"]).toMatchObject(expected);
  });
});

describe("htaccessToWeb", () => {
  it.each<{ name: string; text: string; path?: string; web: object }>([
    {
      name: "denies a directory by its own file (2.4)",
      path: "inc/.htaccess",
      text: "Require all denied",
      web: { locations: { "/inc": { allow: false } } },
    },
    {
      name: "denies a directory by its own file (2.2)",
      path: "inc/.htaccess",
      text: "Order allow,deny\nDeny from all",
      web: { locations: { "/inc": { allow: false } } },
    },
    {
      name: "takes Order allow,deny alone as a denial",
      path: "inc/.htaccess",
      text: "order Allow,Deny",
      web: { locations: { "/inc": { allow: false } } },
    },
    {
      name: "takes Order allow,deny with Allow from all as open",
      path: "inc/.htaccess",
      text: "Order allow,deny\nAllow from all",
      web: {},
    },
    {
      name: "obeys the 2.4 half of a file for both",
      path: "a/b/.htaccess",
      text: "<IfModule !mod_authz_core.c>\nDeny from all\n</IfModule>",
      web: {},
    },
    {
      name: "stops scripts where the engine is off",
      path: "up/.htaccess",
      text: "php_flag engine off",
      web: { locations: { "/up": { scripts: false } } },
    },
    {
      name: "stops scripts where handlers are removed",
      path: "up/.htaccess",
      text: "RemoveHandler .php .phtml",
      web: { locations: { "/up": { scripts: false } } },
    },
    {
      name: "stops scripts where PHP's names are denied",
      path: "up/.htaccess",
      text: '<FilesMatch "\\.(php|phtml|php5)$">\nDeny from all\n</FilesMatch>',
      web: { locations: { "/up": { scripts: false } } },
    },
    {
      name: "stops scripts where they are text",
      path: "up/.htaccess",
      text: "AddType text/plain .php",
      web: { locations: { "/up": { scripts: false } } },
    },
    {
      name: "denies names in a directory below it",
      path: "d/.htaccess",
      text: '<Files "*.db">\nRequire all denied\n</Files>',
      web: { deny: ["/d/**/*.db"] },
    },
    {
      name: "denies names from alternatives",
      text: '<FilesMatch "^(a|b)\\.txt$">\nRequire all denied\n</FilesMatch>',
      web: { deny: ["a.txt", "b.txt"] },
    },
    { name: "denies paths by F", text: "RewriteEngine on\nRewriteRule ^(conf|bin)/ - [F,L]", web: { deny: ["/bin", "/conf"] } },
    { name: "passes rules over while the engine is off", text: "RewriteRule ^(conf|bin)/ - [F,L]", web: {} },
    {
      name: "reads lines continued by a backslash",
      text: "RewriteEngine on\nRewriteRule \\\n ^conf/ \\\n - [F]",
      web: { deny: ["/conf"] },
    },
    {
      name: "redirects a prefix with what follows",
      text: "Redirect permanent /old https://example.org/new",
      web: { rewrites: [{ from: "^/old(/.*)?$", to: "https://example.org/new$1", redirect: 301 }] },
    },
    {
      name: "redirects by pattern",
      text: "RedirectMatch 301 ^/a/(\\d+)$ /b/$1",
      web: { rewrites: [{ from: "^/a/(\\d+)$", to: "/b/$1", redirect: 301 }] },
    },
    {
      name: "puts a rule of a directory below it",
      path: "shop/.htaccess",
      text: "RewriteEngine on\nRewriteRule ^item/(\\d+)$ item.php?id=$1 [L]",
      web: { rewrites: [{ from: "^/shop/item/(\\d+)$", to: "/shop/item.php?id=$1" }] },
    },
    {
      name: "obeys RewriteBase",
      text: "RewriteEngine on\nRewriteBase /app\nRewriteRule ^x$ y.php",
      web: { rewrites: [{ from: "^/x$", to: "/app/y.php" }] },
    },
    {
      name: "ignores case with NC",
      text: "RewriteEngine on\nRewriteRule ^x$ y.php [NC]",
      web: { rewrites: [{ from: "(?i)^/x$", to: "/y.php" }] },
    },
    {
      name: "knows ThinkPHP's s parameter",
      text: "RewriteEngine on\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*)$ index.php?s=/$1 [QSA,PT,L]",
      web: { locations: { "/": { passthru: "/index.php", query: "s" } } },
    },
    {
      name: "has a front controller in a directory",
      path: "api/.htaccess",
      text: "RewriteEngine on\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]",
      web: { locations: { "/api": { passthru: "/api/index.php" } } },
    },
    { name: "reads FallbackResource", text: "FallbackResource /index.php", web: { locations: { "/": { passthru: "/index.php" } } } },
    {
      name: "sizes the body by PHP's limits",
      text: "php_value upload_max_filesize 100M\nphp_value post_max_size 128M",
      web: { maxBodySize: "128Mi" },
    },
    {
      name: "adds headers",
      text: 'Header set X-Frame-Options "SAMEORIGIN"',
      web: { locations: { "/": { headers: { "X-Frame-Options": "SAMEORIGIN" } } } },
    },
    {
      name: "reads expiry",
      text: 'ExpiresActive on\nExpiresByType image/png "access plus 1 week"',
      web: { locations: { "/": { expires: "7d" } } },
    },
    {
      name: "anchors each alternative of a pattern",
      text: "RewriteEngine on\nRewriteRule ^a$|^b\\|c$|^([|)])$ /x.php",
      web: { rewrites: [{ from: "^(?:/a$|/b\\|c$|/([|)])$)", to: "/x.php" }] },
    },
    {
      name: "anchors alternatives below a directory",
      path: "d/.htaccess",
      text: "RewriteEngine on\nRewriteRule ^a$|b$ x.php",
      web: { rewrites: [{ from: "^(?:/d/a$|/d/.*?b$)", to: "/d/x.php" }] },
    },
    {
      name: "folds conditions on the path into the pattern",
      text: "RewriteEngine on\nRewriteCond %{REQUEST_URI} !=/x\nRewriteCond %{REQUEST_URI} \\.htm$ [NC]\nRewriteRule ^(.*)$ /y.php?u=$1",
      web: { rewrites: [{ from: "^(?!/x$)(?=(?i).*(?:\\.htm$))/(.*)$", to: "/y.php?u=$1" }] },
    },
    { name: "denies what is gone", text: "Redirect gone /old\nRedirect 404 /older", web: { deny: ["/old", "/older"] } },
    { name: "denies by RedirectMatch", text: "RedirectMatch 403 ^/(conf|bin)/", web: { deny: ["/bin", "/conf"] } },
    {
      name: "knows that dot files are never served",
      text: "RedirectMatch 404 /\\.git\nRewriteEngine on\nRewriteRule (^|/)\\.(?!well-known) - [F]",
      web: {},
    },
    {
      name: "redirects for now without a status",
      text: "Redirect /a/ /b/\nRedirectTemp /c /d\nRedirectPermanent /e /f",
      web: {
        rewrites: [
          { from: "^/a(/.*)?$", to: "/b$1", redirect: 302 },
          { from: "^/c(/.*)?$", to: "/d$1", redirect: 302 },
          { from: "^/e(/.*)?$", to: "/f$1", redirect: 301 },
        ],
      },
    },
    { name: "takes what a request may hold", text: "LimitRequestBody 10485760", web: { maxBodySize: "10Mi" } },
    {
      name: "obeys sections by version and what is not defined",
      text: "<IfVersion >= 2.4>\nDirectoryIndex a.php\n</IfVersion>\n<IfDefine X>\nDirectoryIndex b.php\n</IfDefine>",
      web: { index: ["a.php"] },
    },
    { name: "passes old versions over", text: "<IfVersion < 2.4>\nDirectoryIndex a.php\n</IfVersion>", web: {} },
    {
      name: "takes limits on GET as limits, and on others as nothing",
      path: "x/.htaccess",
      text: "<Limit GET POST>\nDeny from all\n</Limit>\n<LimitExcept GET>\nDeny from all\n</LimitExcept>",
      web: { locations: { "/x": { allow: false } } },
    },
    {
      name: "ignores what nginx does by itself",
      text: "FileETag None\nAddOutputFilterByType DEFLATE text/css\nSetEnvIf Authorization .+ HTTP_AUTHORIZATION=$0\nServerSignature Off\nOptions -Indexes +FollowSymLinks",
      web: {},
    },
    { name: "expires nothing when it is off", text: 'ExpiresActive off\nExpiresDefault "access plus 1 day"', web: {} },
    {
      name: "reads expiry in hours and seconds",
      path: "x/.htaccess",
      text: "ExpiresActive on\nExpiresDefault A5400",
      web: { locations: { "/x": { expires: "5400s" } } },
    },
    {
      name: "denies a whole directory by a rule",
      path: "x/.htaccess",
      text: "RewriteEngine on\nRewriteRule .* - [F]",
      web: { locations: { "/x": { allow: false } } },
    },
    {
      name: "sends everything but files to ZF1's front controller",
      text: "RewriteEngine on\nRewriteRule !\\.(js|ico|gif|jpg|png|css)$ index.php",
      web: { locations: { "/": { passthru: "/index.php" } } },
    },
    {
      name: "lets names alone that a rule exempts",
      text: "RewriteEngine on\nRewriteRule ^(css|js)/ - [L]\nRewriteRule ^ index.php",
      web: { locations: { "/": { passthru: "/index.php" }, "/css": {}, "/js": {} } },
    },
    {
      name: "keeps a location per directory for PHP settings of uploads",
      path: "up/.htaccess",
      text: "SetHandler none\nphp_value memory_limit 1G",
      web: { locations: { "/up": { scripts: false } } },
    },
    {
      name: "reads FallbackResource of a directory",
      path: "api/.htaccess",
      text: "FallbackResource /api/index.php",
      web: { locations: { "/api": { passthru: "/api/index.php" } } },
    },
  ])("$name", ({ text, path, web }) => {
    expect(rootFile(text, path).web).toEqual(web);
  });

  it.each<{ name: string; text: string; says: RegExp }>([
    {
      name: "a host condition",
      text: "RewriteEngine on\nRewriteCond %{HTTP_HOST} ^www\nRewriteRule ^(.*)$ http://x.org/$1 [R]",
      says: /HTTP_HOST/,
    },
    { name: "a proxy rule", text: "RewriteEngine on\nRewriteRule ^(.*)$ http://127.0.0.1:3000/$1 [P]", says: /another server/ },
    { name: "a catastrophic pattern (G7)", text: "RewriteEngine on\nRewriteRule ^((a+)+)$ /x.php?a=$1", says: /exponential/ },
    { name: "a password", text: "AuthType Basic", says: /password/ },
    { name: "an address", text: "Require ip 10.0.0.0/8", says: /address/ },
    { name: "an error page", text: "ErrorDocument 404 /missing.html", says: /ErrorDocument 404/ },
    { name: "files run as PHP", text: "AddHandler application/x-httpd-php .php .html", says: /\.html files as PHP/ },
    { name: "an unknown directive", text: "FrobnicateAll on", says: /frobnicateall/ },
    { name: "a table", text: "RewriteMap t txt:/x", says: /table/ },
    { name: "a list of directories", text: "Options +Indexes", says: /Indexes/ },
    { name: "a pattern of a redirect", text: "RedirectMatch 301 ((a+)+) /x", says: /exponential/ },
    { name: "a denial of all but some names", text: "RewriteEngine on\nRewriteRule !^public/ - [F]", says: /all but some/ },
    {
      name: "a denial by visitor",
      text: "RewriteEngine on\nRewriteCond %{HTTP_USER_AGENT} bot\nRewriteRule .* - [F]",
      says: /HTTP_USER_AGENT/,
    },
    { name: "a password in a variable, which stays out of the words,", text: "SetEnv DB_PASSWORD hunter2", says: /SetEnv DB_PASSWORD/ },
    { name: "a variable", text: "SetEnv APP_ENV prod", says: /SetEnv APP_ENV/ },
  ])("says where $name is lost", ({ text, says }) => {
    const { diagnostics } = rootFile(text);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({
      code: "htaccess/not-translated",
      file: ".htaccess",
      message: expect.stringMatching(says),
      line: text.split("\n").length,
      hint: expect.any(String),
    });
  });

  it("never repeats what looks like a secret", () => {
    expect(JSON.stringify(rootFile("SetEnv DB_PASSWORD hunter2"))).not.toContain("hunter2");
  });

  it("sees only what lies below the web root, with paths from there", () => {
    const files = [
      { path: ".htaccess", text: "RewriteEngine on\nRewriteRule ^ index.php" },
      { path: "public/up/.htaccess", text: "php_flag engine off" },
    ];
    expect(htaccessToWeb(files, "public").web).toEqual({ locations: { "/up": { scripts: false } } });
  });

  it("opens what a parent denies when a file below says so", () => {
    const files = [
      { path: "lib/.htaccess", text: "Require all denied" },
      { path: "lib/js/.htaccess", text: "Require all granted" },
    ];
    expect(htaccessToWeb(files, ".").web.locations).toEqual({ "/lib": { allow: false }, "/lib/js": { allow: true } });
  });

  it("survives nonsense", () => {
    const { diagnostics } = rootFile("<IfModule\n</Files>\nRewriteRule\nRewriteCond\nHeader\nOrder\n<<<\n\\");
    expect(diagnostics.some(({ code }) => code === "htaccess/invalid")).toBe(true);
  });

  it("gives evidence with file and line", () => {
    expect(rootFile("\nDirectoryIndex start.php").evidence).toEqual([
      {
        field: "spec.web.index",
        value: "start.php",
        because: ".htaccess says so for Apache",
        file: ".htaccess",
        line: 2,
        confidence: "certain",
      },
    ]);
  });
});
