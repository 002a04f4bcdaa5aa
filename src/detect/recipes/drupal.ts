import type { Recipe } from "../recipe.ts";
import type { Tree } from "../tree.ts";
import { adminVariables, composerFacts, firstMatch, hasFile, hasPath, needs } from "./tree-facts.ts";

/** Drupal 8 and later: core below the web root that composer's scaffold names. */
export const drupalRecipe: Recipe = {
  id: "drupal",
  name: "Drupal",
  recognize(tree) {
    const name = ["drupal/core-recommended", "drupal/core", "drupal/drupal"].find(
      (each) => needs(tree, each) || composerFacts(tree)?.name === each,
    );
    const root = webRoot(tree);
    const core = root === "." ? "core/lib/Drupal.php" : `${root}/core/lib/Drupal.php`;
    const version = firstMatch(tree, core, /VERSION\s*=\s*'([^']+)'/);
    if (version !== undefined) return { because: `${core} says Drupal ${version}`, file: core, version };
    return name === undefined ? undefined : { because: `composer.json names ${name}`, file: "composer.json" };
  },
  spec({ tree }) {
    const root = webRoot(tree);
    const site = root === "." ? "sites/default" : `${root}/sites/default`;
    const drush = needs(tree, "drush/drush") || hasFile(tree, "vendor/bin/drush");
    return {
      recipe: "drupal",
      runtime: { php: "8.2", extensions: ["pdo_mysql", "curl", "dom", "gd", "mbstring", "xml", "zip"] },
      database: { collation: "utf8mb4_general_ci" },
      web: { root, healthPath: "/user/login", locations: { "/": { passthru: "/index.php" }, "/sites/default/files": { scripts: false } } },
      mounts: { [`${site}/files`]: { storage: "shared", size: "5Gi" } },
      configuration: { [`${site}/settings.php`]: { preset: "drupal" } },
      variables: { ...adminVariables("Drupal"), DRUPAL_HASH_SALT: { generate: { bytes: 64 } } },
      ...(drush && {
        hooks: {
          install: [["php", "/usr/lib/howdah/recipes/drupal.php", "install"]],
          migrate: {
            run: [["php", "vendor/bin/drush", "updatedb", "--yes"]],
            watch: ["composer.lock", "*.install", "*.post_update.php", "Drupal.php"],
          },
        },
        crons: { drupal: { schedule: "H * * * *", command: ["php", "vendor/bin/drush", "cron"] } },
      }),
    };
  },
};

function webRoot(tree: Tree): string {
  const scaffold = firstMatch(tree, "composer.json", /"web-root"\s*:\s*"([^"]+?)\/?"/)?.replace(/^\.\//, "");
  if (scaffold !== undefined && /^[A-Za-z0-9_-]+$/.test(scaffold)) return scaffold;
  return ["web", "docroot"].find((each) => hasPath(tree, `${each}/core`)) ?? (hasPath(tree, "core/lib/Drupal.php") ? "." : "web");
}
