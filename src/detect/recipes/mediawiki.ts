import type { Recipe } from "../recipe.ts";
import { adminVariables, compareVersions, firstMatch, hasAll, hasPath } from "./tree-facts.ts";

/** MediaWiki: its entry points and its version constant (`MW_VERSION`, before 1.35 `$wgVersion`). */
export const mediawikiRecipe: Recipe = {
  id: "mediawiki",
  name: "MediaWiki",
  recognize(tree) {
    if (!hasAll(tree, ["api.php", "load.php", "includes", "maintenance"])) return undefined;
    const constant = firstMatch(tree, "includes/Defines.php", /define\(\s*'MW_VERSION',\s*'([^']+)'/);
    const version = constant ?? firstMatch(tree, "includes/DefaultSettings.php", /\$wgVersion\s*=\s*'([^']+)'/);
    if (version === undefined) return undefined;
    const file = constant === undefined ? "includes/DefaultSettings.php" : "includes/Defines.php";
    return { because: `${file} says MediaWiki ${version}`, file, version };
  },
  spec({ tree }) {
    return {
      recipe: "mediawiki",
      runtime: {
        php: "8.4",
        extensions: ["mysqli", "calendar", "curl", "dom", "gd", "intl", "mbstring", "xml", "xmlreader"],
        flavour: "shell",
      },
      database: {},
      web: {
        root: ".",
        healthPath: "/load.php",
        locations: { "/wiki": { passthru: "/index.php" }, "/images": { scripts: false, expires: "7d" } },
        deny: [
          "/cache",
          "/includes",
          "/languages",
          "/maintenance",
          "/serialized",
          "/images/deleted",
          "/vendor",
          "/tests",
          "/mw-config",
          "/LocalSettings.php",
        ],
      },
      mounts: { images: { storage: "shared", size: "10Gi" }, cache: { storage: "local", size: "1Gi", served: false } },
      // A distribution's is a link into /etc, which no image has.
      configuration: { "LocalSettings.php": { preset: "mediawiki", ...(isLink(tree, "LocalSettings.php") && { replace: true }) } },
      variables: {
        ...adminVariables("MediaWiki"),
        HOWDAH_ADMIN_USER: "Admin",
        MW_SECRET_KEY: { generate: { bytes: 64 } },
        MW_UPGRADE_KEY: { generate: { bytes: 16 } },
      },
      hooks: {
        install: [["php", "/usr/lib/howdah/recipes/mediawiki.php", "install"]],
        // update.php looks at the tables before each change. Extensions have their own SQL, and are switched on in LocalSettings.php.
        migrate: {
          run: [["php", "/usr/lib/howdah/recipes/mediawiki.php", "migrate"]],
          watch: ["includes/Defines.php", "includes/DefaultSettings.php", "LocalSettings.php", "*.sql", "extension.json", "composer.lock"],
          repeatable: true,
        },
      },
      crons: { jobs: { schedule: "* * * * *", command: ["php", "maintenance/runJobs.php", "--maxtime", "55"] } },
    };
  },
  phpRange(version) {
    if (version === undefined) return undefined;
    if (compareVersions(version, "1.39") < 0) return { min: "7.4", max: "7.4", because: `MediaWiki ${version} came before PHP 8.2` };
    if (compareVersions(version, "1.43") < 0) return { min: "7.4", max: "8.2", because: `MediaWiki ${version} came before PHP 8.4` };
    return { min: "8.1", because: `MediaWiki ${version} asks for PHP 8.1 or later` };
  },
};

function isLink(tree: Parameters<Recipe["recognize"]>[0], path: string): boolean {
  return (
    hasPath(tree, path) && tree.entries.some((entry) => entry.path === path && (entry.kind === "symlink" || entry.target !== undefined))
  );
}
