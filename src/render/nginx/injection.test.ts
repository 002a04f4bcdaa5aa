import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Directive } from "./directive.ts";
import { parseNginx } from "./parse-nginx.ts";
import { renderEdge } from "./render-edge-config.ts";
import { renderNginxFiles } from "./render-nginx-files.ts";
import { renderSiteConfig } from "./render-site-config.ts";
import { exampleFacts, exampleSite, exampleSpecs, siteOf } from "./testing/example-sites.ts";

type Spec = NonNullable<SiteDocument["spec"]>;

/** What ends words, blocks and lines for nginx, and what it expands. */
const pieces = fc.constantFrom(
  ";",
  "{",
  "}",
  "\n",
  "\r",
  "\u0000",
  " ",
  "\t",
  '"',
  "'",
  "\\",
  "#",
  "$",
  "${",
  "$host",
  "$request_uri",
  "`",
  "..",
  "../",
  "//",
  "%0a",
  "%3b",
  "\u2028",
  "\u0085",
  "é",
  "日本",
  "~",
  "^",
  "*",
  "(",
  ")",
  "[",
  "]",
  "|",
  "?",
  "/",
  "a",
  "www",
  ".example",
  "include /etc/passwd;",
  "location / { root /; }",
  "proxy_pass http://x;",
  "return 200 x;",
  "lua_code",
  "\\n",
  '\\"',
  "} server { listen 80;",
  "-",
  "_",
  "*.",
  "@x",
  "=",
);
const payload = fc.array(pieces, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));

/** Fields that people fill, each as a site around a payload. */
const fields: readonly [string, (text: string) => Spec][] = [
  ["hostname", (text) => ({ hostnames: [text] })],
  ["hostname's label", (text) => ({ hostnames: [`a${text}.example`] })],
  ["location", (text) => ({ web: { locations: { [`/x${text}`]: { expires: "1d" } } } })],
  ["passthru", (text) => ({ runtime: { php: "8.2" }, web: { locations: { "/": { passthru: `/${text}.php` } } } })],
  ["location's root", (text) => ({ web: { locations: { "/x": { root: `r${text}` } } } })],
  ["header", (text) => ({ web: { locations: { "/": { headers: { "X-A": text } } } } })],
  ["header's name", (text) => ({ web: { locations: { "/": { headers: { [`X-${text}`]: "a" } } } } })],
  ["redirect", (text) => ({ web: { locations: { "/x": { redirect: { to: `/${text}` } } } } })],
  ["rewrite's expression", (text) => ({ web: { rewrites: [{ from: text, to: "/x" }] } })],
  ["rewrite's target", (text) => ({ web: { rewrites: [{ from: "^/(a)$", to: text }] } })],
  ["rewrite's redirect", (text) => ({ web: { rewrites: [{ from: "^/(a)$", to: text, redirect: 308 }] } })],
  ["deny", (text) => ({ web: { deny: [text] } })],
  ["index", (text) => ({ web: { index: [text] } })],
  ["web root", (text) => ({ web: { root: `r${text}` } })],
  ["mount", (text) => ({ runtime: { php: "8.2" }, mounts: { [`m${text}`]: {} } })],
  ["bypass", (text) => ({ runtime: { php: "8.2" }, web: { microcache: { bypass: [text] } } })],
  ["module", (text) => ({ web: { modules: [text] } })],
  ["query", (text) => ({ runtime: { php: "8.2" }, web: { locations: { "/": { passthru: true, query: text } } } })],
  ["expiry", (text) => ({ web: { locations: { "/": { expires: text } } } })],
];

const names = (tree: readonly Directive[]): string[] => tree.flatMap(({ name, block }) => [name, ...names(block ?? [])]);

/** A site, or undefined when schema or rules refuse it. */
function accepted(spec: Spec) {
  try {
    return siteOf(spec);
  } catch {
    return undefined;
  }
}

describe("hostile words in a site file (F3)", () => {
  it.each(fields)("of the field %s are refused or stay words", (field, specOf) => {
    const plain = new Set(
      ["hostname", "module", "query", "expiry"].includes(field) ? [] : names(renderSiteConfig(siteOf(specOf("abc")), exampleFacts)),
    );
    fc.assert(
      fc.property(payload, (text) => {
        const site = accepted(specOf(text));
        if (site === undefined) return;
        let tree: readonly Directive[];
        let printed: string;
        try {
          tree = renderSiteConfig(site, exampleFacts);
          printed = renderNginxFiles(site, exampleFacts)["nginx.conf"] ?? "";
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(render\/unsafe|site\/invalid)$/) });
          return;
        }
        expect(parseNginx(printed)).toEqual(JSON.parse(JSON.stringify(tree)));
        // Words never become directives: the same shape has the same names.
        const known = new Set(["rewrite", "if", "return", ...plain]);
        if (plain.size > 0) expect(names(tree).filter((name) => /^[a-z_]+$/.test(name) && !known.has(name))).toEqual([]);
        // And no variable of nginx is expanded in them.
        expect(printed).not.toMatch(/\$(lua|x)\b/);
      }),
      { numRuns: 120 },
    );
  });

  it("in the edge's hostnames, addresses and files are refused or stay words", () => {
    fc.assert(
      fc.property(payload, fc.constantFrom("hostname", "address", "bind", "certificate", "name"), (text, field) => {
        const route = {
          namespace: field === "name" ? text : "a",
          name: "web",
          hostnames: [field === "hostname" ? text : "a.example"],
          backends: [{ address: field === "address" ? text : "10.0.0.1", port: 80 }],
          tls: { certificate: field === "certificate" ? text : "/a.crt", key: "/a.key" },
        };
        let printed: string;
        try {
          printed = renderEdge({ listen: { bind: field === "bind" ? text : "127.0.0.1", httpPort: 80, httpsPort: 443 }, routes: [route] });
        } catch (error) {
          expect(error).toMatchObject({ code: "render/unsafe" });
          return;
        }
        expect(names(parseNginx(printed)).filter((name) => ["include", "lua_code", "root", "alias"].includes(name))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});

describe("rendering", () => {
  it.each(Object.keys(exampleSpecs) as (keyof typeof exampleSpecs)[])("of %s does not depend on the order of keys", (name) => {
    const reversed = (value: unknown): unknown =>
      value !== null && typeof value === "object" && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, inner]) => [key, reversed(inner)]),
          )
        : value;
    const facts = { ...exampleFacts, trustedProxies: exampleFacts.trustedProxies.toReversed() };
    expect(renderNginxFiles(siteOf(reversed(exampleSpecs[name]) as Spec, name), facts)).toEqual(
      renderNginxFiles(exampleSite(name), exampleFacts),
    );
  });

  it("refuses a front controller in a mount", () => {
    const spec: Spec = { runtime: { php: "8.2" }, mounts: { data: {} }, web: { locations: { "/": { passthru: "/data/x.php" } } } };
    expect(() => renderSiteConfig(siteOf(spec), exampleFacts)).toThrow(/lies in the mount .?data/);
  });

  it("refuses proxies that are no addresses", () => {
    expect(() => renderSiteConfig(exampleSite("plain"), { ...exampleFacts, trustedProxies: ["0.0.0.0/0; x"] })).toThrow(/Not an address/);
  });
});
