import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultReasons } from "./defaults.ts";
import { fieldDoc } from "./documenting/field-doc.ts";
import { schemasAt, unwrapped } from "./reading/schema-node.ts";
import { resolveSite } from "./resolve.ts";
import { bytesOf, bytesOfPhp, secondsOf } from "./resolving/quantity.ts";
import { volumeName } from "./resolving/volume-name.ts";
import { type SiteDocument, siteDocument } from "./schema/site-document.ts";
import type { Site } from "./site.ts";

type Spec = NonNullable<SiteDocument["spec"]>;

function resolved(spec: Spec, environment = "production"): Site {
  const document = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "blog" }, spec });
  const { site, diagnostics } = resolveSite(document, { environment });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  return site;
}

const php = { php: "8.4" };

describe("resolveSite", () => {
  it.each<{ name: string; spec: Spec; part: (site: Site) => unknown; is: unknown }>([
    { name: "names NAME.localhost", spec: {}, part: (s) => s.hostnames, is: ["blog.localhost"] },
    { name: "names NAME.localhost for an empty list", spec: { hostnames: [] }, part: (s) => s.hostnames, is: ["blog.localhost"] },
    { name: "keeps the order of hostnames", spec: { hostnames: ["b.org", "a.org"] }, part: (s) => s.hostnames, is: ["b.org", "a.org"] },
    { name: "leaves index.php out of a static site", spec: {}, part: (s) => s.web.index, is: ["index.html", "index.htm"] },
    { name: "looks for index.php first", spec: { runtime: php }, part: (s) => s.web.index, is: ["index.php", "index.html", "index.htm"] },
    { name: "always loads opcache", spec: { runtime: php }, part: (s) => s.runtime?.extensions, is: ["opcache"] },
    {
      name: "adds both ways to a database, sorted, once",
      spec: { runtime: { ...php, extensions: ["zip", "mysqli"] }, database: {} },
      part: (s) => s.runtime?.extensions,
      is: ["mysqli", "opcache", "pdo_mysql", "zip"],
    },
    { name: "derives workers from memory", spec: { runtime: php }, part: (s) => s.runtime?.fpm.maxChildren, is: 18 },
    {
      name: "keeps at least two workers",
      spec: { runtime: php, scale: { memory: "64Mi" } },
      part: (s) => s.runtime?.fpm.maxChildren,
      is: 2,
    },
    {
      name: "keeps at most twenty workers",
      spec: { runtime: php, scale: { memory: "8Gi" } },
      part: (s) => s.runtime?.fpm.maxChildren,
      is: 20,
    },
    {
      name: "keeps the workers that are asked for",
      spec: { runtime: { ...php, fpm: { maxChildren: 77 } } },
      part: (s) => s.runtime?.fpm.maxChildren,
      is: 77,
    },
    {
      name: "turns durations into seconds",
      spec: { runtime: { ...php, fpm: { requestTimeout: "2m" } } },
      part: (s) => s.runtime?.fpm.requestTimeoutSeconds,
      is: 120,
    },
    {
      name: "takes a shell with packages",
      spec: { runtime: { ...php, packages: ["imagemagick"] } },
      part: (s) => s.runtime?.flavour,
      is: "shell",
    },
    {
      name: "writes ini values as PHP does",
      spec: { runtime: { ...php, ini: { b: true, a: 3, c: false, d: "x" } } },
      part: (s) => JSON.stringify(s.runtime?.ini),
      is: '{"a":"3","b":"On","c":"Off","d":"x"}',
    },
    { name: "has no runtime for a static site", spec: {}, part: (s) => s.runtime, is: null },
    {
      name: "puts the longest location first",
      spec: { runtime: php, web: { locations: { "/": { passthru: true }, "/b": {}, "/a/": {}, "/long": { passthru: false } } } },
      part: (s) => s.web.locations,
      is: [{ path: "/long", passthru: false }, { path: "/a" }, { path: "/b" }, { path: "/", passthru: "/index.php" }],
    },
    { name: "counts the largest body in bytes", spec: {}, part: (s) => s.web.maxBodyBytes, is: 64 * 1024 ** 2 },
    { name: "turns the microcache off", spec: { web: { microcache: false } }, part: (s) => s.web.microcache, is: null },
    {
      name: "sorts what the microcache lets through",
      spec: { web: { microcache: { bypass: ["/b", "/a"] } } },
      part: (s) => s.web.microcache,
      is: { bypass: ["/a", "/b"] },
    },
    { name: "has no database unless asked", spec: {}, part: (s) => s.database, is: null },
    { name: "chooses the newest MariaDB", spec: { runtime: php, database: {} }, part: (s) => s.database?.version, is: "11.8" },
    {
      name: "fills the environment from the database",
      spec: { runtime: php, database: {} },
      part: (s) => s.variables.map((v) => `${v.name} ${v.from}`),
      is: ["DB_HOST database", "DB_NAME database", "DB_PASSWORD database", "DB_PORT database", "DB_USER database"],
    },
    {
      name: "lets the file's variables win",
      spec: { runtime: php, database: {}, variables: { DB_NAME: "x" } },
      part: (s) => s.variables.find((v) => v.name === "DB_NAME"),
      is: { name: "DB_NAME", from: "literal", value: "x" },
    },
    {
      name: "resolves every kind of variable",
      spec: {
        runtime: php,
        database: {},
        variables: {
          A: 1,
          B: true,
          C: { secret: "x" },
          D: { secret: "x/y.z" },
          E: { generate: {} },
          F: { site: "url" },
          G: { database: "url" },
        },
      },
      part: (s) => s.variables.filter((v) => v.name.length === 1),
      is: [
        { name: "A", from: "literal", value: "1" },
        { name: "B", from: "literal", value: "true" },
        { name: "C", from: "secret", secret: "x", key: "value" },
        { name: "D", from: "secret", secret: "x", key: "y.z" },
        { name: "E", from: "generated", bytes: 32, encoding: "alphanumeric" },
        { name: "F", from: "site", field: "url" },
        { name: "G", from: "database", field: "url" },
      ],
    },
    {
      name: "tells where servers outside are",
      spec: { relationships: { "my-mail": { host: "mx", port: 25 } } },
      part: (s) => [s.variables, s.relationships],
      is: [
        [
          { name: "MY_MAIL_HOST", from: "literal", value: "mx" },
          { name: "MY_MAIL_PORT", from: "literal", value: "25" },
        ],
        [{ name: "my-mail", host: "mx", port: 25 }],
      ],
    },
    {
      name: "sorts mounts and names their volumes",
      spec: { mounts: { "b/c": {}, a: { size: "2Gi" } } },
      part: (s) => s.mounts.map((m) => `${m.path} ${m.volume} ${m.size}`),
      is: ["a a 2Gi", expect.stringMatching(/^b\/c b-c-[0-9a-f]{8} 1Gi$/)],
    },
    {
      name: "takes a hook of one text",
      spec: { runtime: php, hooks: { install: "php a.php 'b c'" } },
      part: (s) => s.hooks.install,
      is: [{ argv: ["php", "a.php", "b c"] }],
    },
    {
      name: "takes a hook of words",
      spec: { runtime: php, hooks: { install: ["php", "a b.php"] } },
      part: (s) => s.hooks.install,
      is: [{ argv: ["php", "a b.php"] }],
    },
    {
      name: "takes a hook of commands",
      spec: { hooks: { build: ["composer install", "make"] } },
      part: (s) => s.hooks.build,
      is: [{ argv: ["composer", "install"] }, { argv: ["make"] }],
    },
    {
      name: "takes a hook of steps",
      spec: { runtime: php, database: {}, hooks: { install: [{ sql: "a.sql" }, ["php", "x"], "php y"] } },
      part: (s) => s.hooks.install,
      is: [{ sql: "a.sql" }, { argv: ["php", "x"] }, { argv: ["php", "y"] }],
    },
    {
      name: "takes a hook of SQL",
      spec: { runtime: php, database: {}, hooks: { migrate: { sql: "a.sql" } } },
      part: (s) => [s.hooks.migrate, s.migration.watch],
      is: [[{ sql: "a.sql" }], ["/a.sql"]],
    },
    {
      name: "takes a migration with its terms",
      spec: { runtime: php, hooks: { migrate: { run: "php m.php", watch: ["b", "a", "b"], repeatable: true, timeout: "2m" } } },
      part: (s) => [s.hooks.migrate, s.migration],
      is: [[{ argv: ["php", "m.php"] }], { watch: ["a", "b"], repeatable: true, timeoutSeconds: 120, dump: true, unsafe: "warn" }],
    },
    {
      name: "takes all of the code as what a migration is made of, and asks before it repeats one",
      spec: { runtime: php, hooks: { migrate: "php m.php" } },
      part: (s) => s.migration,
      is: { watch: [], repeatable: false, timeoutSeconds: 3600, dump: true, unsafe: "warn" },
    },
    {
      name: "resolves crons and workers",
      spec: {
        runtime: php,
        timeZone: "Asia/Tokyo",
        crons: { b: { schedule: "@daily", command: "x y", timeout: "1h" } },
        workers: { a: { command: ["z"] } },
      },
      part: (s) => [s.crons, s.workers],
      is: [
        [
          {
            name: "b",
            schedule: "@daily",
            argv: ["x", "y"],
            timeoutSeconds: 3600,
            timeZone: "Asia/Tokyo",
            overlap: "skip",
            missedSeconds: 3600,
          },
        ],
        [{ name: "a", argv: ["z"], replicas: 1 }],
      ],
    },
    {
      name: "fills presets in",
      spec: { runtime: php, configuration: { "wp-config.php": { preset: "wordpress" }, "a.php": { content: "x", replace: true } } },
      part: (s) => s.configuration,
      is: [
        { path: "a.php", content: "x", replace: true },
        { path: "wp-config.php", content: expect.stringContaining("<?php") },
      ],
    },
    {
      name: "keeps a secret's name for TLS",
      spec: { tls: { mode: "secret", secret: "cert" } },
      part: (s) => s.tls,
      is: { mode: "secret", secret: "cert" },
    },
  ])("$name", ({ spec, part, is }) => {
    expect(part(resolved(spec))).toEqual(is);
  });

  it("names other environments by hostname", () => {
    expect(resolved({}, "feature-x")).toMatchObject({ environment: "feature-x", hostnames: ["feature-x.blog.localhost"] });
  });

  it("refuses an empty first word", () => {
    const document = siteDocument.parse({
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Site",
      metadata: { name: "blog" },
      spec: { runtime: php, workers: { a: { command: [""] } } },
    });
    expect(resolveSite(document, { environment: "production" }).diagnostics.map((d) => d.code)).toEqual(["site/command"]);
  });

  it("does not depend on the order of keys", () => {
    const spec: Spec = {
      runtime: { ...php, extensions: ["zip", "gd"], ini: { b: 1, a: 2 } },
      mounts: { b: {}, a: {}, c: {} },
      variables: { B: "1", A: "2" },
      web: { locations: { "/b": {}, "/a": {}, "/": {} } },
      crons: { b: { schedule: "@daily", command: "x" }, a: { schedule: "@daily", command: "x" } },
    };
    const before = JSON.stringify(resolved(spec));
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (numbers) => {
        expect(JSON.stringify(resolved(shuffled(spec, () => numbers.next().value ?? 0) as Spec))).toBe(before);
      }),
      { numRuns: 30 },
    );
  });
});

/** The same data with its maps' keys in another order. */
function shuffled(value: unknown, random: () => number): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, field]) => ({ key, field: shuffled(field, random), rank: random() }));
  return Object.fromEntries(entries.sort((a, b) => a.rank - b.rank).map(({ key, field }) => [key, field]));
}

describe("quantities", () => {
  it("are bytes and seconds", () => {
    expect([
      bytesOf("512Mi"),
      bytesOf("1Ki"),
      bytesOf("2Ti"),
      bytesOfPhp("64M"),
      secondsOf("45s"),
      secondsOf("2m"),
      secondsOf("1h"),
    ]).toEqual([536870912, 1024, 2199023255552, 67108864, 45, 120, 3600]);
    expect(() => bytesOf("12")).toThrow(TypeError);
  });
});

describe("volumeName", () => {
  it.each<[string, RegExp]>([
    ["uploads", /^uploads$/],
    ["wp-content/uploads", /^wp-content-uploads-[0-9a-f]{8}$/],
    ["Data", /^data-[0-9a-f]{8}$/],
    ["2024", /^m-2024-[0-9a-f]{8}$/],
    ["日本", /^m-[0-9a-f]{8}$/],
    ["a-deadbeef", /^a-deadbeef-[0-9a-f]{8}$/],
    ["a".repeat(200), /^a{24}-[0-9a-f]{8}$/],
  ])("of %s is a DNS label", (path, expected) => {
    expect(volumeName(path)).toMatch(expected);
  });

  it("differs where paths differ", () => {
    const paths = ["a/b", "a-b", "a_b", "A-b", "a--b", "a/b/", "a b"];
    expect(new Set(paths.map(volumeName)).size).toBe(paths.length);
  });
});

describe("the table of defaults", () => {
  const schemaOf = (field: string) =>
    schemasAt(
      field
        .replaceAll("[]", ".0")
        .split(".")
        .map((step) => (step === "0" ? 0 : step)),
    );

  it.each(defaultReasons.map((reason) => reason.field))("%s names a field, and its value is the schema's where that has one", (field) => {
    const [schema] = schemaOf(field);
    expect(schema).toBeDefined();
    const fallback = schemaOf(field)
      .map((candidate) => unwrapped(candidate).fallback)
      .find((value) => value !== undefined);
    const said = defaultReasons.find((reason) => reason.field === field)?.value;
    if (fallback !== undefined)
      expect(said).toBe(
        typeof fallback === "object" ? JSON.stringify(fallback).replaceAll('"', "") : `${fallback as string | number | boolean}`,
      );
  });

  it("gives a reason for every fixed default of the schema", () => {
    const without: string[] = [];
    const visit = (doc: ReturnType<typeof fieldDoc>): void => {
      const fallback =
        doc.field === ""
          ? undefined
          : schemaOf(doc.field)
              .map((schema) => unwrapped(schema).fallback)
              .find((value) => value !== undefined);
      const section = typeof fallback === "object" && doc.children.length > 0 && doc.fallback === undefined;
      if (fallback !== undefined && !section && doc.fallback === undefined) without.push(doc.field);
      doc.children.forEach(visit);
    };
    visit(fieldDoc(siteDocument, []));
    expect(without).toEqual([]);
  });
});
