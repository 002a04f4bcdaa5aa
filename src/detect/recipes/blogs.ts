import type { Recipe } from "../recipe.ts";
import { adminVariables, firstMatch, hasAll } from "./tree-facts.ts";

/** Typecho: its command line installer reads the environment. */
export const typechoRecipe: Recipe = {
  id: "typecho",
  name: "Typecho",
  recognize(tree) {
    if (!hasAll(tree, ["var/Typecho/Common.php", "admin", "usr/themes"])) return undefined;
    const version = firstMatch(tree, "var/Typecho/Common.php", /VERSION\s*=\s*'([^']+)'/);
    return { because: "it has var/Typecho/Common.php", file: "var/Typecho/Common.php", ...(version !== undefined && { version }) };
  },
  spec() {
    return {
      recipe: "typecho",
      runtime: { php: "8.2", extensions: ["pdo_mysql", "mbstring", "curl"], flavour: "slim" },
      database: {},
      web: {
        root: ".",
        healthPath: "/index.php",
        locations: { "/": { passthru: "/index.php", pathInfo: true }, "/usr/uploads": { scripts: false } },
        deny: ["/var", "/install", "/install.php", "/config.inc.php"],
      },
      mounts: { "usr/uploads": { storage: "shared", size: "5Gi" } },
      configuration: { "config.inc.php": { preset: "typecho" } },
      variables: {
        ...adminVariables("Typecho"),
        TYPECHO_DB_ADAPTER: "Pdo_Mysql",
        TYPECHO_DB_HOST: { database: "host" },
        TYPECHO_DB_PORT: { database: "port" },
        TYPECHO_DB_DATABASE: { database: "name" },
        TYPECHO_DB_USER: { database: "user" },
        TYPECHO_DB_PASSWORD: { database: "password" },
        TYPECHO_SITE_URL: { site: "url" },
      },
      hooks: { install: [["php", "/usr/lib/howdah/recipes/typecho.php", "install"]] },
    };
  },
};

/** Grav: flat files; pages, accounts and settings lie in user/. */
export const gravRecipe: Recipe = {
  id: "grav",
  name: "Grav",
  recognize(tree) {
    if (!hasAll(tree, ["system/defines.php", "bin/grav", "user"])) return undefined;
    const version = firstMatch(tree, "system/defines.php", /define\('GRAV_VERSION',\s*'([^']+)'/);
    return { because: "it has system/defines.php and bin/grav", file: "system/defines.php", ...(version !== undefined && { version }) };
  },
  spec() {
    const local = { storage: "local", size: "1Gi" } as const;
    return {
      recipe: "grav",
      runtime: { php: "8.2", extensions: ["curl", "dom", "gd", "mbstring", "openssl", "xml", "zip"] },
      web: {
        root: ".",
        locations: { "/": { passthru: "/index.php" } },
        deny: [
          "/bin",
          "/backup",
          "/cache",
          "/logs",
          "/tmp",
          "/system/config",
          "/user/accounts",
          "/user/config",
          "/user/data",
          "/vendor",
          "*.md",
          "*.yaml",
          "*.twig",
        ],
      },
      mounts: {
        user: { storage: "shared", size: "5Gi" },
        backup: { storage: "shared", size: "5Gi", served: false },
        assets: local,
        images: local,
        cache: { ...local, served: false },
        logs: { ...local, served: false },
        tmp: { ...local, served: false },
      },
      crons: { grav: { schedule: "* * * * *", command: ["php", "bin/grav", "scheduler"] } },
    };
  },
};
