import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Recipe } from "../recipe.ts";
import type { Tree } from "../tree.ts";
import { composerFacts, hasFile, hasPath, needs } from "./tree-facts.ts";

type Spec = NonNullable<SiteDocument["spec"]>;

/** The environment that Laravel's own configuration files read. */
function laravelSpec(tree: Tree, recipe: string): Spec {
  const eleven = /^\D*1[1-9]/.test(composerFacts(tree)?.require["laravel/framework"] ?? "");
  return {
    recipe,
    runtime: { php: "8.4", extensions: ["pdo_mysql", "mbstring", "dom", "curl", "fileinfo", "openssl", "xml"] },
    database: {},
    web: { root: "public", healthPath: eleven ? "/up" : "/", locations: { "/": { passthru: "/index.php" } } },
    mounts: {
      storage: { storage: "shared", size: "5Gi", served: false },
      "bootstrap/cache": { storage: "local", size: "1Gi", served: false },
    },
    variables: {
      APP_ENV: "production",
      APP_DEBUG: "false",
      APP_KEY: { generate: { bytes: 32, encoding: "laravel" } },
      APP_URL: { site: "url" },
      DB_CONNECTION: "mysql",
      DB_DATABASE: { database: "name" },
      DB_USERNAME: { database: "user" },
      LOG_CHANNEL: "stderr",
    },
    // Packages bring migrations, too; where the files lie is the application's choice, their folder's name is not. Not repeatable: Laravel
    // writes down a migration when it has ended, so one that was cut off would run from its beginning.
    hooks: {
      migrate: { run: [["php", "artisan", "migrate", "--force"]], watch: ["migrations", "Migrations", "database/schema", "composer.lock"] },
    },
    crons: { schedule: { schedule: "* * * * *", command: ["php", "artisan", "schedule:run"] } },
  };
}

/** BookStack: Laravel with its own uploads and health path. */
export const bookstackRecipe: Recipe = {
  id: "bookstack",
  name: "BookStack",
  recognize(tree) {
    if (!hasFile(tree, "artisan") || !(composerFacts(tree)?.name === "bookstackapp/bookstack" || hasFile(tree, "bookstack-system-cli")))
      return undefined;
    const version = tree.read("version")?.trim().replace(/^v/, "");
    return {
      because: "composer.json is bookstackapp/bookstack",
      file: "composer.json",
      ...(version !== undefined && version !== "" && { version }),
    };
  },
  spec({ tree }) {
    const base = laravelSpec(tree, "bookstack");
    const { crons: _none, ...rest } = base;
    return {
      ...rest,
      runtime: { php: "8.2", extensions: ["pdo_mysql", "curl", "dom", "fileinfo", "gd", "mbstring", "xml", "zip"] },
      web: { root: "public", healthPath: "/status", locations: { "/": { passthru: "/index.php" }, "/uploads": { scripts: false } } },
      mounts: { ...base.mounts, "public/uploads": { storage: "shared", size: "5Gi" } },
    };
  },
};

/** Laravel: artisan and the framework in composer.json. */
export const laravelRecipe: Recipe = {
  id: "laravel",
  name: "Laravel",
  recognize(tree) {
    if (!hasFile(tree, "artisan") || !needs(tree, "laravel/framework")) return undefined;
    return { because: "composer.json asks for laravel/framework", file: "composer.json" };
  },
  spec: ({ tree }) => laravelSpec(tree, "laravel"),
};

/** Symfony: bin/console and the framework bundle. */
export const symfonyRecipe: Recipe = {
  id: "symfony",
  name: "Symfony",
  recognize(tree) {
    const all = needs(tree, "symfony/framework-bundle") || needs(tree, "symfony/symfony");
    if (!all || !(hasFile(tree, "bin/console") || hasFile(tree, "app/console"))) return undefined;
    return { because: "composer.json asks for Symfony's framework", file: "composer.json" };
  },
  spec({ tree }) {
    const root = hasPath(tree, "web/app.php") ? "web" : "public";
    const front = root === "web" ? "/app.php" : "/index.php";
    const doctrine = ["doctrine/orm", "doctrine/doctrine-bundle", "doctrine/dbal", "symfony/orm-pack"].some((name) => needs(tree, name));
    return {
      recipe: "symfony",
      runtime: { php: "8.2", extensions: ["ctype", "iconv", "intl", "mbstring", "xml", ...(doctrine ? ["pdo_mysql"] : [])] },
      ...(doctrine && { database: {} }),
      web: { root, locations: { "/": { passthru: front } } },
      mounts: { var: { storage: "local", size: "1Gi", served: false } },
      variables: {
        APP_ENV: "prod",
        APP_DEBUG: "0",
        APP_SECRET: { generate: { bytes: 32, encoding: "hex" } },
        ...(doctrine && { DATABASE_URL: { database: "url" } }),
      },
      ...(needs(tree, "doctrine/doctrine-migrations-bundle") && {
        hooks: {
          migrate: {
            run: [["php", "bin/console", "doctrine:migrations:migrate", "--no-interaction", "--allow-no-migration"]],
            watch: ["migrations", "Migrations", "DoctrineMigrations", "doctrine_migrations.*"],
          },
        },
      }),
      ...(needs(tree, "symfony/messenger") &&
        hasFile(tree, "config/packages/messenger.yaml") && {
          workers: { messages: { command: ["php", "bin/console", "messenger:consume", "async", "--time-limit=3600"] } },
        }),
    };
  },
};

/** ThinkPHP: the file `think` and its framework. */
export const thinkphpRecipe: Recipe = {
  id: "thinkphp",
  name: "ThinkPHP",
  recognize(tree) {
    if (!hasFile(tree, "think") || !needs(tree, "topthink/framework")) return undefined;
    return { because: "composer.json asks for topthink/framework", file: "composer.json" };
  },
  spec({ tree }) {
    const field = { HOST: "host", PORT: "port", NAME: "name", USER: "user", PASS: "password" } as const;
    const long = { HOSTNAME: "host", HOSTPORT: "port", DATABASE: "name", USERNAME: "user", PASSWORD: "password" } as const;
    const mapped = (prefix: string, names: Record<string, "host" | "port" | "name" | "user" | "password">) =>
      Object.fromEntries(Object.entries(names).map(([name, database]) => [`${prefix}${name}`, { database }]));
    return {
      recipe: "thinkphp",
      runtime: { php: "8.2", extensions: ["pdo_mysql", "mbstring", "curl", "gd", "openssl"] },
      database: {},
      web: { root: "public", locations: { "/": { passthru: "/index.php", pathInfo: true } } },
      mounts: { runtime: { storage: "local", size: "1Gi", served: false } },
      // ThinkPHP's env() looks for PHP_ and the upper-case name, before and since version 8.
      variables: { ...mapped("PHP_DB_", field), ...mapped("PHP_DATABASE_", long), PHP_APP_DEBUG: "false" },
      ...(needs(tree, "topthink/think-migration") && {
        hooks: { migrate: { run: [["php", "think", "migrate:run"]], watch: ["migrations"] } },
      }),
    };
  },
};
