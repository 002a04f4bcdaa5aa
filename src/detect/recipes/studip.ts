import type { Recipe } from "../recipe.ts";
import { firstMatch, hasAll, hasFile, hasPath } from "./tree-facts.ts";

/** Stud.IP: the base schema, then its own migrations; crons run in a worker. */
export const studipRecipe: Recipe = {
  id: "studip",
  name: "Stud.IP",
  recognize(tree) {
    if (
      !hasAll(tree, ["public/dispatch.php", "config/config_local.inc.php.dist"]) ||
      !(hasFile(tree, "cli/studip") || hasPath(tree, "lib/bootstrap.php"))
    )
      return undefined;
    const version = firstMatch(tree, "VERSION", /RELEASE\s+([0-9.]+)/);
    return { because: "it has public/dispatch.php and cli/studip", file: "public/dispatch.php", ...(version !== undefined && { version }) };
  },
  spec({ tree }) {
    const schemas = ["db/studip-base-installation.sql", "db/studip-basic-installation.sql"]
      .filter((path) => hasFile(tree, path))
      .slice(0, 1);
    const root = ["db/studip-root-user.sql"].filter((path) => hasFile(tree, path));
    const settings = tree.read("config/config.inc.php.dist");
    return {
      recipe: "studip",
      runtime: {
        php: "8.2",
        extensions: ["pdo_mysql", "curl", "dom", "gd", "gettext", "iconv", "mbstring", "simplexml", "zip", "intl"],
        flavour: "slim",
        ini: { max_input_vars: 10_000, short_open_tag: "On", max_execution_time: 300 },
      },
      database: {},
      web: { root: "public", healthPath: "/index.php", maxBodySize: "250Mi", locations: { "/pictures": { scripts: false } } },
      mounts: {
        data: { storage: "shared", size: "20Gi", served: false },
        "public/pictures": { storage: "shared", size: "5Gi" },
        "public/plugins_packages": { storage: "shared", size: "1Gi" },
      },
      configuration: {
        "config/config_local.inc.php": { preset: "studip" },
        ...(settings !== undefined && settings.length <= 65_536 && { "config/config.inc.php": { content: settings } }),
      },
      variables: {
        MYSQL_HOST: { database: "host" },
        MYSQL_USER: { database: "user" },
        MYSQL_PASSWORD: { database: "password" },
        MYSQL_DATABASE: { database: "name" },
        ENV: "production",
      },
      hooks: {
        install: [...schemas, ...root].map((sql) => ({ sql })),
        migrate: { run: [["php", "cli/studip", "migrate"]], watch: ["migrations"] },
      },
      workers: { cronjobs: { command: ["php", "cli/studip", "cronjobs:worker"] } },
    };
  },
};
