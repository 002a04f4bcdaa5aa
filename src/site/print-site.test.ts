import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { writeYaml } from "./documenting/write-yaml.ts";
import { parseSite } from "./parse-site.ts";
import { printSite } from "./print-site.ts";
import type { SiteDocument } from "./schema/site-document.ts";

const minimal: SiteDocument = { apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "blog" } };

const oneLine = fc.oneof(
  fc.constantFrom(
    "yes",
    "no",
    "on",
    "off",
    "y",
    "N",
    "null",
    "~",
    "1_000",
    "0x1F",
    "0o17",
    "017",
    "1:30",
    "1e3",
    ".inf",
    "-.INF",
    ".nan",
    "2024-01-01",
    "*/5 * * * *",
    "&a",
    "!b",
    "%c",
    "@d",
    "`e`",
    "- f",
    "? g",
    ": h",
    "a: b",
    "a #b",
    " a",
    "a ",
    "",
    "=",
    "<<",
    "[a]",
    "{b}",
    "'",
    '"',
    "\\",
    "|",
    ">",
    "#",
  ),
  fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => /^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$/u.test(text)),
);
const path = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}(\/[a-z0-9_-]{1,8}){0,3}$/).filter((text) => !/(^|\/)\.{1,2}(\/|$)/.test(text));
const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const variable = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/);
const content = fc
  .array(fc.oneof(oneLine, fc.constantFrom("<?php", "  indented", "\ttab", "", "# comment", "trailing  ", "\u2028", "\u0085", "\r")), {
    maxLength: 6,
  })
  .map((lines) => lines.join("\n"));
const record = <Value>(key: fc.Arbitrary<string>, value: fc.Arbitrary<Value>) =>
  fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });

/** Site files of every kind of field. */
const documents: fc.Arbitrary<SiteDocument> = fc.record({
  apiVersion: fc.constant("howdah.dev/v1alpha1" as const),
  kind: fc.constant("Site" as const),
  metadata: fc.record({
    name,
    annotations: record(
      fc.oneof(oneLine, name).filter((key) => !["__proto__", "<<"].includes(key)),
      oneLine,
    ),
  }),
  spec: fc.record(
    {
      runtime: fc.record({
        php: fc.constantFrom("7.4", "8.2", "8.4"),
        ini: record(fc.constantFrom("a", "b.c", "on"), fc.oneof(oneLine, fc.integer(), fc.boolean())),
      }),
      mounts: record(path, fc.record({ size: fc.constantFrom("1Gi", "20Mi"), seed: fc.boolean() }, { requiredKeys: [] })),
      configuration: record(path, fc.record({ content })),
      variables: record(
        variable,
        fc.oneof(oneLine, fc.integer(), fc.boolean(), fc.constant({ site: "url" as const }), fc.constant({ generate: {} })),
      ),
      hooks: fc.record({
        build: fc.array(
          fc.oneof(
            oneLine.filter((text) => text !== ""),
            fc.constant({ sql: "a.sql" }),
          ),
          { maxLength: 4 },
        ),
      }),
      web: fc.record({
        locations: record(fc.constantFrom("/", "/a", "/a/b~c"), fc.record({ headers: record(fc.constantFrom("X-A", "No"), oneLine) })),
      }),
      recipe: oneLine,
    },
    { requiredKeys: [] },
  ),
});

describe("printSite", () => {
  it("prints fields in the order of the schema, with an editor header and comments", () => {
    const site: SiteDocument = {
      spec: { mounts: { b: {}, a: { size: "2Gi" } }, runtime: { extensions: ["gd", "on"], php: "8.4" } },
      ...minimal,
    };
    const comments = {
      "spec.runtime.php": "composer.json asks for ^8.1\nthe newest that fits",
      "spec.mounts.a": "its installer checks it",
    };
    expect(printSite(site, { comments })).toBe(`# yaml-language-server: $schema=https://howdah.dev/schemas/site.v1alpha1.json
apiVersion: howdah.dev/v1alpha1
kind: Site
metadata:
  name: blog
spec:
  runtime:
    # composer.json asks for ^8.1
    # the newest that fits
    php: "8.4"
    extensions: [gd, "on"]
  mounts:
    # its installer checks it
    a:
      size: "2Gi"
    b: {}
`);
  });

  it("writes texts of several lines as they are", () => {
    const text = printSite({ ...minimal, spec: { configuration: { "a.php": { content: "<?php\n\n  return [];\n" } } } });
    expect(text).toContain("      content: |\n        <?php\n\n          return [];\n");
  });

  it("is read back as the same data, by our reader and by one of YAML 1.1", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const text = printSite(document);
        const { document: again, diagnostics } = parseSite(text);
        expect(diagnostics).toEqual([]);
        expect(again).toEqual(document);
        expect(parse(text, { version: "1.1" })).toEqual(document);
      }),
      { numRuns: 300 },
    );
  });

  it("prints what it has read as the same text", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const text = printSite(document);
        expect(printSite(parseSite(text).document ?? minimal)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it("lets no comment end its line or hide characters", () => {
    const text = printSite(minimal, { comments: { kind: "a\r\u2028kind: Evil\u001b[31m\nb" } });
    expect(parseSite(text).document).toEqual(minimal);
  });
});

describe("writeYaml", () => {
  it("writes lists of maps, long lists, nothing, and single scalars", () => {
    const long = Array.from({ length: 30 }, (_, index) => `item-${index}`);
    const value = { a: [{ b: 1, c: ["x"] }, {}, []], d: long, e: null, f: undefined, g: [["h"], "i\nj\n"] };
    expect(parse(writeYaml(value))).toEqual({ a: [{ b: 1, c: ["x"] }, {}, []], d: long, e: null, g: [["h"], "i\nj\n"] });
    expect(writeYaml("yes")).toBe('"yes"\n');
    expect(writeYaml([])).toBe("[]\n");
  });
});
