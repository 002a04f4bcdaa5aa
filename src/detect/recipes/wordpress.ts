import type { Recipe } from "../recipe.ts";
import { adminVariables, compareVersions, firstMatch, hasAll, hasFile } from "./tree-facts.ts";

/** WordPress: the three files that every version has, and the version's own constant. */
export const wordpressRecipe: Recipe = {
  id: "wordpress",
  name: "WordPress",
  recognize(tree) {
    if (!hasAll(tree, ["wp-includes/version.php", "wp-login.php", "wp-settings.php"])) return undefined;
    const version = firstMatch(tree, "wp-includes/version.php", /\$wp_version\s*=\s*'([^']+)'/);
    if (version === undefined) return undefined;
    return { because: `wp-includes/version.php says WordPress ${version}`, file: "wp-includes/version.php", version };
  },
  spec({ tree }) {
    return {
      recipe: "wordpress",
      // Its few calls of other programs are optional (plugins' business).
      runtime: {
        php: "8.4",
        extensions: ["mysqli", "curl", "dom", "exif", "gd", "intl", "mbstring", "openssl", "xml", "zip"],
        flavour: "slim",
      },
      database: {},
      web: {
        root: ".",
        healthPath: "/wp-login.php",
        locations: { "/": { passthru: "/index.php" }, "/wp-content/uploads": { scripts: false, expires: "7d" } },
        deny: ["/wp-config.php", "/wp-config-sample.php", "/readme.html", "/wp-admin/install.php"],
        microcache: { bypass: ["/wp-admin/*", "/wp-login.php", "/xmlrpc.php", "/wp-json/*", "/wp-cron.php", "*?preview=*", "*?s=*"] },
      },
      mounts: {
        "wp-content/uploads": { storage: "shared", size: "5Gi" },
        "wp-content/cache": { storage: "local", size: "1Gi", served: false },
        "wp-content/upgrade": { storage: "local", size: "1Gi", served: false },
      },
      configuration: { "wp-config.php": { preset: "wordpress", ...(hasDebianConfig(tree) && { replace: true }) } },
      variables: { ...adminVariables("WordPress"), ...keys() },
      hooks: {
        install: [["php", "/usr/lib/howdah/recipes/wordpress.php", "install"]],
        // The database's version stands in version.php; wp_upgrade compares before it changes. Plugins see to their own tables.
        migrate: {
          run: [["php", "/usr/lib/howdah/recipes/wordpress.php", "migrate"]],
          watch: ["wp-includes/version.php"],
          repeatable: true,
        },
      },
      crons: { wordpress: { schedule: "*/5 * * * *", command: ["php", "wp-cron.php"] } },
    };
  },
  phpRange(version) {
    if (version === undefined) return undefined;
    if (compareVersions(version, "5.9") < 0)
      return { max: "7.4", because: `WordPress ${version} dies on PHP 8 with an uncaught mysqli error` };
    if (compareVersions(version, "6.7") < 0) return { max: "8.2", because: `WordPress ${version} came before PHP 8.4` };
    return { min: "7.2", because: `WordPress ${version} asks for PHP 7.2 or later` };
  },
};

/** Debian's wp-config.php looks for /etc/wordpress/config-HOST.php, which no image has. */
function hasDebianConfig(tree: Parameters<Recipe["recognize"]>[0]): boolean {
  return hasFile(tree, "wp-config.php") && (tree.read("wp-config.php") ?? "").includes("/etc/wordpress/config-");
}

function keys(): Record<string, { generate: { bytes: number } }> {
  const names = ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"];
  return Object.fromEntries(names.flatMap((name) => ["KEY", "SALT"].map((kind) => [`WP_${name}_${kind}`, { generate: { bytes: 64 } }])));
}
