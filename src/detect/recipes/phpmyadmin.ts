import type { Recipe } from "../recipe.ts";
import { firstMatch, hasAll, hasFile, hasPath } from "./tree-facts.ts";

/** What Debian's package takes from /usr/share/php. */
const debianPackages = [
  "php-composer-ca-bundle",
  "php-google-recaptcha",
  "php-mariadb-mysql-kbs",
  "php-nikic-fast-route",
  "php-phpmyadmin-motranslator",
  "php-phpmyadmin-shapefile",
  "php-phpmyadmin-sql-parser",
  "php-psr-http-factory",
  "php-psr-http-message",
  "php-slim-psr7",
  "php-symfony-config",
  "php-symfony-dependency-injection",
  "php-symfony-expression-language",
  "php-twig",
  "php-twig-i18n-extension",
  "php-webmozart-assert",
];

/** phpMyAdmin: a client of the database server, with a secret of its own. */
export const phpmyadminRecipe: Recipe = {
  id: "phpmyadmin",
  name: "phpMyAdmin",
  recognize(tree) {
    if (!hasAll(tree, ["index.php", "libraries", "themes/pmahomme"])) return undefined;
    const file = ["libraries/classes/Version.php", "libraries/vendor_config.php"].find((path) => hasFile(tree, path));
    if (file === undefined || !(hasPath(tree, "config.sample.inc.php") || hasPath(tree, "sql"))) return undefined;
    const version = firstMatch(tree, "libraries/classes/Version.php", /VERSION\s*=\s*'([0-9][^']*)'/);
    return { because: `it has ${file} and its own theme`, file, ...(version !== undefined && { version }) };
  },
  spec({ tree }) {
    const vendor = tree.read("libraries/vendor_config.php") ?? "";
    const debian = vendor.includes("/etc/phpmyadmin") && vendor.includes("'autoloadFile'");
    return {
      recipe: "phpmyadmin",
      runtime: {
        php: "8.2",
        extensions: ["mysqli", "mbstring", "xml", "gd", "zip", "bz2", "curl"],
        ...(debian ? { packages: debianPackages } : { flavour: "slim" }),
      },
      database: {},
      web: { root: ".", healthPath: "/index.php", deny: ["/libraries", "/templates", "/setup", "/sql", "/vendor", "/config.inc.php"] },
      mounts: { tmp: { storage: "local", size: "1Gi", served: false } },
      configuration: {
        "config.inc.php": { preset: "phpmyadmin", replace: debian },
        ...(debian && { "libraries/vendor_config.php": { preset: "phpmyadmin-vendor-config", replace: true } }),
      },
      // sql/create_tables.sql would make a database of its own, which the site's user may not.
      hooks: { install: [] },
      variables: { PMA_BLOWFISH_SECRET: { generate: { bytes: 32 } } },
    };
  },
};
