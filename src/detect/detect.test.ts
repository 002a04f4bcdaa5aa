import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { siteDocument } from "../site/schema/site-document.ts";
import { detect } from "./detect.ts";
import type { Proposal } from "./evidence.ts";
import { type LiteralEntry, literalTree } from "./literal-tree.ts";
import type { Recipe } from "./recipe.ts";

const propose = (files: Record<string, LiteralEntry>, recipes: readonly Recipe[] = []): Proposal =>
  detect(literalTree(files), { name: "shop", recipes });

const notes = {
  "composer.json": '{"name":"acme/notes","require":{"php":"^8.1","ext-intl":"*","slim/slim":"^4"}}',
  "public/index.php": "<?php\nrequire __DIR__ . '/../vendor/autoload.php';\n$app->run();\n",
  "public/.htaccess": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]\n",
  "src/Notes.php":
    "<?php\nnamespace Acme;\nfinal class Notes { function __construct(private \\PDO $db) { mb_strlen('a'); $q = 'INSERT INTO notes VALUES (1)'; } }\n",
  "src/Connect.php": "<?php\nreturn new PDO('mysql:host=' . getenv('MYSQL_HOST'));\n",
  "schema.sql": "CREATE TABLE notes (id INT AUTO_INCREMENT) ENGINE=InnoDB;",
  "var/uploads/.gitignore": "*\n!.gitignore\n",
};

describe("an unknown PHP application", () => {
  const { site, evidence, diagnostics } = propose(notes);

  it("becomes a whole site file", () => {
    expect(site.spec).toMatchObject({
      runtime: { php: "8.4", extensions: ["intl", "mbstring", "pdo", "pdo_mysql"] },
      web: { root: "public", locations: { "/": { passthru: "/index.php" } } },
      database: {},
      mounts: { "var/uploads": { storage: "shared" } },
      variables: { MYSQL_HOST: { database: "host" } },
      hooks: { build: "composer install --no-dev --no-interaction --prefer-dist --optimize-autoloader", install: { sql: "schema.sql" } },
    });
    expect(siteDocument.safeParse(site).success).toBe(true);
    expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  });

  it("has evidence for each field", () => {
    const fields = evidence.map((each) => each.field);
    for (const field of [
      "spec.runtime.php",
      "spec.runtime.extensions",
      "spec.web.root",
      "spec.database",
      "spec.mounts.var/uploads",
      "spec.variables.MYSQL_HOST",
    ]) {
      expect(fields).toContain(field);
    }
  });

  it("comes out the same each time", () => {
    expect(propose(Object.fromEntries(Object.entries(notes).reverse()))).toEqual({ site, evidence, diagnostics });
  });
});

describe("kinds of trees", () => {
  it("gives a static site no PHP", () => {
    const { site } = propose({ "index.html": "<p>Words enough for a page</p>", "a/b.html": "<p>" });
    expect(site.spec).toEqual({ web: { root: "." } });
  });

  it("serves a generator's output", () => {
    expect(propose({ "mkdocs.yml": "", "site/index.html": "<p>" }).site.spec).toEqual({ web: { root: "site" } });
  });

  it.each<{ name: string; files: Record<string, LiteralEntry>; code: string; severity: string }>([
    { name: "an empty directory", files: {}, code: "detect/empty", severity: "error" },
    { name: "a Node program", files: { "package.json": '{"dependencies":{"express":"4"}}' }, code: "detect/foreign", severity: "error" },
    {
      name: "PostgreSQL alone",
      files: { "a.php": "<?php pg_connect('x');", "s.sql": "CREATE TABLE a (id SERIAL)" },
      code: "detect/postgresql-only",
      severity: "error",
    },
    {
      name: "LDAP alone",
      files: { "index.php": "<?php ldap_connect('x');", "b.php": "<?php ldap_search();" },
      code: "detect/needs-ldap",
      severity: "warning",
    },
  ])("flags $name", ({ files, code, severity }) => {
    expect(propose(files).diagnostics).toContainEqual(expect.objectContaining({ code, severity }));
  });

  it("says when the tree was too large to read", () => {
    const proposal = detect(literalTree({ "index.php": "<?php" }, true), { name: "shop", recipes: [] });
    expect(proposal.diagnostics.map((each) => each.code)).toContain("detect/truncated");
  });
});

describe("recipes", () => {
  const recipe: Recipe = {
    id: "shopware-like",
    name: "Shop",
    recognize: (tree) =>
      tree.read("shop.php") === undefined ? undefined : { because: "it has shop.php", file: "shop.php", version: "1.2" },
    spec: ({ version }) => ({ web: { healthPath: "/up" }, variables: { SHOP_VERSION: version ?? "none" } }),
    phpRange: () => ({ min: "7.4", max: "8.2", because: "Shop 1.2 works with PHP 7.4 to 8.2" }),
  };

  it("adds what a recognized application needs", () => {
    const { site, evidence } = propose({ "shop.php": "<?php", "index.php": "<?php echo 1;" }, [recipe]);
    expect(site.spec).toMatchObject({
      recipe: "shopware-like",
      runtime: { php: "8.2" },
      web: { root: ".", healthPath: "/up" },
      variables: { SHOP_VERSION: "1.2" },
    });
    expect(evidence[0]).toMatchObject({ field: "spec.recipe", value: "shopware-like", file: "shop.php" });
  });

  it("never takes an unknown application for a product", () => {
    expect(propose({ "index.php": "<?php" }, [recipe]).site.spec?.recipe).toBeUndefined();
  });
});

it("survives any text in any file", () => {
  const names = fc.constantFrom(
    "index.php",
    "composer.json",
    "composer.lock",
    ".gitignore",
    "Dockerfile",
    "schema.sql",
    "public/index.php",
    ".htaccess",
    "package.json",
    "crontab",
    "config.php",
    "README",
  );
  const text = fc.oneof(
    fc.string(),
    fc
      .string({
        unit: fc.constantFrom(
          "<?php ",
          "'",
          '"',
          "{",
          "}",
          "(",
          ")",
          "$a",
          "\\",
          "class ",
          "new ",
          "use ",
          "[",
          "]",
          "\n",
          "*",
          "/",
          ":",
          ",",
          "x",
          "1",
        ),
      })
      .map((code) => `<?php ${code}`),
  );
  fc.assert(
    fc.property(fc.dictionary(names, text), (files) => {
      const { site } = propose(files);
      expect(siteDocument.safeParse(site).error?.issues ?? []).toEqual([]);
    }),
    { numRuns: 150, seed: 7 },
  );
});
