import type { Recipe } from "../recipe.ts";
import { adminVariables, firstMatch, hasAll, hasPath } from "./tree-facts.ts";

/** Icinga Web 2: its settings are ini files in a directory that an environment variable names. */
export const icingaweb2Recipe: Recipe = {
  id: "icingaweb2",
  name: "Icinga Web 2",
  recognize(tree) {
    if (!hasAll(tree, ["public/index.php", "schema/mysql.schema.sql", "application/controllers", "application/forms"])) return undefined;
    const own = (tree.read("schema/mysql.schema.sql") ?? "").includes("icingaweb_user");
    if (!own) return undefined;
    const version = firstMatch(tree, "library/Icinga/Application/Version.php", /VERSION\s*=\s*'([^']+)'/);
    return { because: "its schema makes icingaweb_user", file: "schema/mysql.schema.sql", ...(version !== undefined && { version }) };
  },
  spec({ tree }) {
    // Debian's package has its libraries in /usr/share/php and /usr/share/icinga-php.
    const debian = !hasPath(tree, "library/Icinga");
    return {
      recipe: "icingaweb2",
      runtime: {
        php: "8.2",
        extensions: ["pdo_mysql", "openssl", "xml", "dom", "intl", "gettext", "mbstring", "gd", "curl"],
        ...(debian && { packages: ["icinga-php-library", "icinga-php-thirdparty", "icingaweb2-common", "php-icinga"] }),
      },
      database: {},
      web: { root: "public", healthPath: "/authentication/login", locations: { "/": { passthru: "/index.php" } } },
      mounts: { "howdah-config": { storage: "shared", size: "1Gi", served: false } },
      variables: { ...adminVariables("Icinga Web 2"), ICINGAWEB_CONFIGDIR: "/srv/web/howdah-config" },
      hooks: {
        install: [{ sql: "schema/mysql.schema.sql" }, ["php", "/usr/lib/howdah/recipes/icingaweb2.php", "install"]],
        // It writes where the database is, which no file of the tree tells: with each new code.
        migrate: { run: [["php", "/usr/lib/howdah/recipes/icingaweb2.php", "migrate"]], repeatable: true },
      },
    };
  },
};
