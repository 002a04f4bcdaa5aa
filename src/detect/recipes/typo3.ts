import type { Recipe } from "../recipe.ts";
import { adminVariables, composerFacts, hasPath, needs } from "./tree-facts.ts";

/** TYPO3 12 and later set themselves up from the environment. */
export const typo3Recipe: Recipe = {
  id: "typo3",
  name: "TYPO3",
  recognize(tree) {
    const name = ["typo3/cms-core", "typo3/cms", "typo3/minimal"].find((each) => needs(tree, each) || composerFacts(tree)?.name === each);
    if (name !== undefined) return { because: `composer.json names ${name}`, file: "composer.json" };
    if (!hasPath(tree, "typo3/sysext/core")) return undefined;
    return { because: "it has typo3/sysext/core", file: "typo3/sysext/core" };
  },
  spec({ tree }) {
    const root = hasPath(tree, "typo3/sysext/core") ? "." : "public";
    const at = (path: string): string => (root === "." ? path : `${root}/${path}`);
    const modern = /^\D*1[2-9]/.test(composerFacts(tree)?.require["typo3/cms-core"] ?? "");
    return {
      recipe: "typo3",
      runtime: {
        php: "8.2",
        extensions: ["mysqli", "pdo_mysql", "curl", "dom", "fileinfo", "gd", "intl", "mbstring", "xml", "zip"],
        ini: { max_input_vars: 1500 },
      },
      database: {},
      web: { root, locations: { "/": { passthru: "/index.php" }, "/fileadmin": { scripts: false }, "/typo3temp": { scripts: false } } },
      mounts: {
        [at("fileadmin")]: { storage: "shared", size: "5Gi" },
        [at("typo3temp")]: { storage: "local", size: "1Gi" },
        ...(root === "public" && { var: { storage: "local", size: "1Gi", served: false } as const }),
        ...(modern && { "config/system": { storage: "shared", size: "1Gi", served: false } as const }),
      },
      ...(modern && {
        variables: {
          ...adminVariables("TYPO3"),
          // TYPO3 wants a special character; base64 of 20 bytes ends with one.
          HOWDAH_ADMIN_PASSWORD: { generate: { bytes: 20, encoding: "base64" } },
          TYPO3_DB_DRIVER: "mysqli",
          TYPO3_DB_HOST: { database: "host" },
          TYPO3_DB_PORT: { database: "port" },
          TYPO3_DB_DBNAME: { database: "name" },
          TYPO3_DB_USERNAME: { database: "user" },
          TYPO3_DB_PASSWORD: { database: "password" },
          TYPO3_PROJECT_NAME: "TYPO3",
        },
        hooks: {
          install: [["php", "/usr/lib/howdah/recipes/typo3.php", "install"]],
          // It compares the tables with what the extensions declare.
          migrate: {
            run: [["php", "vendor/bin/typo3", "extension:setup"]],
            watch: ["composer.lock", "ext_tables*.sql", "ext_emconf.php", "TCA"],
            repeatable: true,
          },
        },
      }),
    };
  },
};
