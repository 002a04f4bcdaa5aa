import type { Recipe } from "../recipe.ts";
import { firstMatch, hasAll, hasFile, hasPath } from "./tree-facts.ts";

/** Adminer: one file, no state, any database server. */
export const adminerRecipe: Recipe = {
  id: "adminer",
  name: "Adminer",
  recognize(tree) {
    const script = adminerScript(tree);
    if (script === undefined) return undefined;
    const version = firstMatch(tree, "adminer/include/version.inc.php", /VERSION\s*=\s*"([^"]+)"/);
    return { because: `it has ${script}`, file: script, ...(version !== undefined && { version }) };
  },
  spec({ tree }) {
    const script = adminerScript(tree) ?? "adminer.php";
    return {
      recipe: "adminer",
      runtime: { php: "8.2", extensions: ["mysqli", "pdo_mysql"] },
      web: { root: ".", index: [script], healthPath: `/${script}`, deny: ["/compile.php", "/lang.php", "/coverage.php"] },
    };
  },
};

/** The compiled program, or nothing: a tree that only holds a file of that name among others is not Adminer. */
function adminerScript(tree: Parameters<Recipe["recognize"]>[0]): string | undefined {
  const script = tree.entries.find((entry) => /^adminer(-[0-9.]+(-[a-z-]+)?)?\.php$/.test(entry.path) && entry.kind === "file")?.path;
  if (script === undefined) return undefined;
  return hasPath(tree, "adminer/include") || !hasFile(tree, "index.php") ? script : undefined;
}

/** Tiny Tiny RSS: feeds are fetched by a worker. */
export const ttRssRecipe: Recipe = {
  id: "tt-rss",
  name: "Tiny Tiny RSS",
  recognize(tree) {
    const base = hasPath(tree, "www/update_daemon2.php") ? "www/" : "";
    if (!hasAll(tree, [`${base}update_daemon2.php`, `${base}classes`, `${base}backend.php`])) return undefined;
    return { because: "it has update_daemon2.php and backend.php", file: `${base}update_daemon2.php` };
  },
  spec({ tree }) {
    const root = hasPath(tree, "www/update_daemon2.php") ? "www" : ".";
    const at = (path: string): string => (root === "." ? path : `${root}/${path}`);
    const schema = ["schema/ttrss_schema_mysql.sql", "schema/mysql/schema.sql", "sql/mysql/schema.sql"].find(
      (path) => hasFile(tree, path) || hasFile(tree, at(path)),
    );
    const script = ["php", at("update.php")];
    return {
      recipe: "tt-rss",
      runtime: { php: "7.4", extensions: ["mysqli", "pdo_mysql", "curl", "dom", "gd", "intl", "mbstring", "xml"], flavour: "shell" },
      database: {},
      web: {
        root,
        healthPath: "/public.php",
        deny: ["/cache", "/lock", "/schema", "/sql", "/config.php", "/utils", "/update.php", "/update_daemon2.php"],
      },
      mounts: {
        [at("cache")]: { storage: "local", size: "1Gi", served: false },
        [at("lock")]: { storage: "local", size: "1Gi", served: false },
        [at("feed-icons")]: { storage: "shared", size: "1Gi" },
      },
      configuration: { [at("config.php")]: { preset: "tt-rss", replace: true } },
      hooks: {
        ...(schema !== undefined && { install: [{ sql: hasFile(tree, schema) ? schema : at(schema) }] }),
        migrate: { run: [[...script, "--update-schema=force-yes"]], watch: ["schema", "sql"] },
      },
      workers: { feeds: { command: [...script, "--daemon"] } },
    };
  },
};
