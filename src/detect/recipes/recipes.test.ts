import { describe, expect, it } from "vitest";
import { configurationPresets } from "../../catalog/presets/configuration-presets.ts";
import { resolveSite } from "../../site/resolve.ts";
import { siteDocument } from "../../site/schema/site-document.ts";
import { type LiteralEntry, literalTree } from "../literal-tree.ts";
import type { Recipe } from "../recipe.ts";
import { recipes } from "./recipes.ts";
import { compareVersions } from "./tree-facts.ts";

type Files = Readonly<Record<string, LiteralEntry>>;

const composer = (require: Record<string, string>, name = "acme/site"): Files => ({ "composer.json": JSON.stringify({ name, require }) });

/** The least of each application's tree by which it must be known. */
const trees: readonly (readonly [id: string, version: string | undefined, files: Files])[] = [
  ["wordpress", "6.8.7", { "wp-includes/version.php": "<?php\n$wp_version = '6.8.7';\n", "wp-login.php": "", "wp-settings.php": "" }],
  [
    "mediawiki",
    "1.43.9",
    { "api.php": "", "load.php": "", "includes/Defines.php": "define( 'MW_VERSION', '1.43.9' );", "maintenance/update.php": "" },
  ],
  [
    "mediawiki",
    "1.31.0",
    { "api.php": "", "load.php": "", "includes/DefaultSettings.php": "$wgVersion = '1.31.0';", "maintenance/update.php": "" },
  ],
  ["dokuwiki", "2024-02-06b", { "doku.php": "", "inc/init.php": "", "lib/exe/fetch.php": "", VERSION: '2024-02-06b "Kaos"\n' }],
  [
    "phpmyadmin",
    "5.2.2",
    {
      "index.php": "",
      "libraries/classes/Version.php": "const VERSION = '5.2.2';",
      "themes/pmahomme/theme.json": "",
      "config.sample.inc.php": "",
    },
  ],
  [
    "roundcube",
    "1.6.18",
    {
      "program/include/iniset.php": "define('RCMAIL_VERSION', '1.6.18');",
      "SQL/mysql.initial.sql": "",
      "public_html/index.php": "",
      "bin/updatedb.sh": "",
    },
  ],
  [
    "icingaweb2",
    undefined,
    {
      "public/index.php": "",
      "schema/mysql.schema.sql": "CREATE TABLE `icingaweb_user`",
      "application/controllers/A.php": "",
      "application/forms/B.php": "",
    },
  ],
  [
    "tt-rss",
    undefined,
    { "www/update_daemon2.php": "", "www/classes/a.php": "", "www/backend.php": "", "schema/ttrss_schema_mysql.sql": "" },
  ],
  [
    "typecho",
    "1.3.0",
    { "var/Typecho/Common.php": "public const VERSION = '1.3.0';", "admin/index.php": "", "usr/themes/default/index.php": "" },
  ],
  [
    "studip",
    "6.1",
    {
      "public/dispatch.php": "",
      "config/config_local.inc.php.dist": "",
      "cli/studip": "",
      VERSION: "RELEASE 6.1\n",
      "db/studip-base-installation.sql": "",
      "config/config.inc.php.dist": "<?php\n",
    },
  ],
  ["grav", "1.7.48", { "system/defines.php": "define('GRAV_VERSION', '1.7.48');", "bin/grav": "", "user/config/site.yaml": "" }],
  [
    "bookstack",
    "24.10",
    {
      artisan: "",
      version: "v24.10\n",
      "bookstack-system-cli": "",
      ...composer({ "laravel/framework": "^10.0" }, "bookstackapp/bookstack"),
    },
  ],
  ["drupal", undefined, composer({ "drupal/core-recommended": "^10", "drush/drush": "^12" })],
  ["drupal", "10.3.1", { "core/lib/Drupal.php": "const VERSION = '10.3.1';" }],
  ["typo3", undefined, composer({ "typo3/cms-core": "^12.4" })],
  ["typo3", undefined, { "typo3/sysext/core/ext_emconf.php": "" }],
  ["thinkphp", undefined, { think: "", ...composer({ "topthink/framework": "^8.0", "topthink/think-migration": "^3" }) }],
  ["laravel", undefined, { artisan: "", ...composer({ "laravel/framework": "^11.0" }) }],
  [
    "symfony",
    undefined,
    {
      "bin/console": "",
      ...composer({ "symfony/framework-bundle": "^7", "doctrine/orm": "^3", "doctrine/doctrine-migrations-bundle": "^3" }),
    },
  ],
  ["adminer", "5.1.0", { "adminer.php": "", "adminer/include/version.inc.php": '$VERSION = "5.1.0";' }],
];

const known = (files: Files): { readonly recipe: Recipe; readonly version: string | undefined } | undefined => {
  const tree = literalTree(files);
  for (const recipe of recipes) {
    const found = recipe.recognize(tree);
    if (found !== undefined) return { recipe, version: found.version };
  }
  return undefined;
};

describe.each(trees)("%s %s", (id, version, files) => {
  it("is recognized", () => {
    const found = known(files);
    expect([found?.recipe.id, found?.version]).toEqual([id, version]);
  });

  it("proposes a site without errors, with presets that exist and hooks of the image", () => {
    const found = known(files);
    const spec = found?.recipe.spec({ tree: literalTree(files), version });
    const { site, diagnostics } = resolveSite(
      siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "x" }, spec }),
      { environment: "production" },
    );
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(site?.recipe).toBe(id);
    for (const file of site?.configuration ?? []) expect(file.content).toContain("<?php");
  });
});

it.each<[string, Files]>([
  ["an empty directory", {}],
  ["an own program", { "index.php": "<?php echo 1;", "lib/db.php": "" }],
  ["a WordPress theme", { "style.css": "/* Theme Name: X */", "functions.php": "", "index.php": "" }],
  ["a WordPress without its version", { "wp-includes/version.php": "<?php", "wp-login.php": "", "wp-settings.php": "" }],
  ["a Laravel package", composer({ "illuminate/support": "^11" })],
  ["a Symfony library", composer({ "symfony/console": "^7" })],
  ["a site that carries Adminer", { "index.php": "", "adminer.php": "" }],
  ["a broken composer.json", { "composer.json": "{", artisan: "" }],
])("knows nothing of %s", (_name, files) => expect(known(files)).toBeUndefined());

describe("Debian's packages", () => {
  const configuration = (files: Files): unknown => {
    const found = known(files);
    return found?.recipe.spec({ tree: literalTree(files), version: found.version }).configuration;
  };
  it.each<[string, Files, unknown]>([
    [
      "WordPress's own wp-config.php, which looks into /etc, gives way",
      {
        "wp-includes/version.php": "$wp_version = '6.1.9';",
        "wp-login.php": "",
        "wp-settings.php": "",
        "wp-config.php": "'/etc/wordpress/config-'.$host",
      },
      { "wp-config.php": { preset: "wordpress", replace: true } },
    ],
    [
      "a person's own wp-config.php stays",
      {
        "wp-includes/version.php": "$wp_version = '6.1.9';",
        "wp-login.php": "",
        "wp-settings.php": "",
        "wp-config.php": "define('DB_NAME', 'x');",
      },
      { "wp-config.php": { preset: "wordpress" } },
    ],
    [
      "DokuWiki's preload.php gives way",
      { "doku.php": "", "inc/init.php": "", "lib/exe/fetch.php": "", "inc/preload.php": "define('DOKU_MAIN_CONF', '/etc/dokuwiki/');" },
      { "inc/preload.php": { preset: "dokuwiki-preload", replace: true } },
    ],
  ])("%s", (_name, files, wanted) => expect(configuration(files)).toEqual(wanted));
});

it.each<[string, string | undefined, string, unknown]>([
  ["wordpress", undefined, "5.7.11", { max: "7.4" }],
  ["wordpress", undefined, "6.1.9", { max: "8.2" }],
  ["wordpress", undefined, "6.8.7", { min: "7.2" }],
  ["mediawiki", undefined, "1.35.13", { min: "7.4", max: "7.4" }],
  ["mediawiki", undefined, "1.39.17", { max: "8.2" }],
  ["mediawiki", undefined, "1.43.9", { min: "8.1" }],
  ["dokuwiki", undefined, "2018-04-22a", { max: "7.4" }],
  ["dokuwiki", undefined, "2024-02-06b", { min: "7.4" }],
])("%s%s %s has its PHP versions", (id, _none, version, wanted) => {
  expect(recipes.find((recipe) => recipe.id === id)?.phpRange?.(version)).toMatchObject(wanted as object);
});

it.each<[string, string, number]>([
  ["6.1.9", "6.8.7", -1],
  ["6.10", "6.9", 1],
  ["1.43", "1.43.0", 0],
  ["5.9-rc1", "5.9", 1],
])("compares %s with %s", (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));

it("has no preset that names a secret or a machine", () => {
  for (const { content } of Object.values(configurationPresets)) {
    expect(content.startsWith("<?php\n")).toBe(true);
    expect(content).not.toMatch(/\$\{|undefined/);
  }
});
