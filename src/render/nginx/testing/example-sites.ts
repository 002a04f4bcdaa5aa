import { resolveSite } from "../../../site/resolve.ts";
import { type SiteDocument, siteDocument } from "../../../site/schema/site-document.ts";
import type { Site } from "../../../site/site.ts";
import type { NginxFacts } from "../nginx-facts.ts";

type Spec = NonNullable<SiteDocument["spec"]>;

const php = { php: "8.2" };

/** Sites that together use every part of the renderer; the tests of this folder and the hardening test share them. */
export const exampleSpecs = {
  plain: { runtime: php },
  wordpress: {
    runtime: php,
    web: {
      locations: { "/": { passthru: "/index.php" }, "/wp-content/uploads": { scripts: false, expires: "7d" } },
      deny: ["wp-config.php"],
      microcache: { bypass: ["/wp-admin/", "/wp-login.php", "/xmlrpc.php", "/wp-json/", "?preview="] },
    },
    mounts: { "wp-content/uploads": {}, "wp-content/cache": { storage: "local", served: false } },
  },
  mediawiki: {
    runtime: php,
    web: {
      locations: { "/wiki": { passthru: "/index.php", pathInfo: true }, "/images": { scripts: false }, "/maintenance": { allow: false } },
      deny: ["/cache", "/includes", "/languages", "/images/deleted", "/tests"],
    },
    mounts: { images: {} },
  },
  dokuwiki: {
    runtime: php,
    code: "writable",
    web: {
      locations: { "/": { passthru: "/doku.php", query: "id" }, "/data": { internal: true } },
      rewrites: [
        { from: "^/_media/(.*)", to: "/lib/exe/fetch.php?media=$1" },
        { from: "^/_detail/(.*)", to: "/lib/exe/detail.php?media=$1" },
        { from: "^/_export/([^/]+)/(.*)", to: "/doku.php?do=export_$1&id=$2" },
      ],
      deny: ["/conf", "/bin", "/inc", "/vendor"],
    },
    mounts: { data: {} },
  },
  laravel: {
    runtime: php,
    web: {
      root: "public",
      locations: { "/": { passthru: true }, "/storage": { scripts: false } },
      rewrites: [{ from: "^(.+)/$", to: "$1", ifNoFile: true, redirect: 301 }],
    },
    mounts: { storage: {}, "bootstrap/cache": { storage: "local" }, "public/uploads": {} },
  },
  drupal: {
    runtime: php,
    web: {
      root: "web",
      locations: { "/": { passthru: "/index.php" }, "/sites/default/files": { scripts: false } },
      deny: ["*.tpl.php", "/core/**.md"],
      microcache: false,
    },
    mounts: { "web/sites/default/files": {}, private: { served: false } },
  },
  routes: {
    runtime: php,
    web: {
      root: "htdocs",
      index: ["start.php", "index.html"],
      locations: {
        "/": { headers: { "X-Frame-Options": 'SAM"E$ORIGIN; {}' } },
        "/static": { root: "assets", expires: "30d" },
        "/admin": { root: "admin/web", passthru: "/admin/app.php", headers: { "X-Robots-Tag": "noindex" } },
        "/old": { redirect: { to: "/new?a=$b", status: 308 } },
        "/api.php": { expires: "1h" },
        "/closed": { allow: false },
        "/closed/open": { allow: true },
        "/files": { root: "data/files" },
      },
      rewrites: [
        { from: "^/go/((a|b)c)$", to: "/x/$1/$2" },
        { from: "^/cost$", to: "/price?in=$" },
        { from: "^/moved/(.*)$", to: "https://example.org/$1", redirect: 307 },
        { from: "(?i)^/shop/(\\d{1,4})$", to: "item.php?id=$1", ifNoFile: true },
      ],
      modules: ["brotli", "lua"],
      maxBodySize: "1Gi",
    },
    mounts: { data: {} },
    hostnames: ["www.example.org", "*.example.org", "xn--bcher-kva.example"],
    tls: { mode: "secret", secret: "cert" },
  },
  apart: { runtime: php, topology: "apart", web: { locations: { "/": { passthru: true, pathInfo: true } } } },
  static: { web: { root: "site", modules: [], locations: { "/app": { passthru: "/app/index.html" } } } },
} satisfies Readonly<Record<string, unknown>>;

/** A site as every later stage sees it. */
export function exampleSite(name: keyof typeof exampleSpecs): Site {
  return siteOf(exampleSpecs[name] as Spec, name);
}

/** Reads and resolves a spec, or throws with its findings. */
export function siteOf(spec: Spec, name = "demo"): Site {
  const declared = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec });
  const { site, diagnostics } = resolveSite(declared, { environment: "production" });
  if (site === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return site;
}

/** Facts of a pod on one machine. */
export const exampleFacts: NginxFacts = {
  trustedProxies: ["10.89.0.1", "fd00:89::/64"],
  phpUpstream: { kind: "unix", socket: "/run/php/fpm.sock" },
  statusUpstream: { kind: "unix", socket: "/run/php/status.sock" },
};

/** Facts of nginx that is scaled apart from PHP. */
export const apartFacts: NginxFacts = {
  trustedProxies: ["10.89.0.1"],
  phpUpstream: { kind: "tcp", host: "php", port: 9000, resolver: "10.89.0.1" },
  statusUpstream: null,
};
