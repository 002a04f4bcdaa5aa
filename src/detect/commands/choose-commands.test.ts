import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { literalTree } from "../literal-tree.ts";
import { surveyTree } from "../survey.ts";
import { chooseCommands } from "./choose-commands.ts";

function choose(files: Record<string, string>, schema?: string): ReturnType<typeof chooseCommands> {
  const survey = surveyTree(literalTree(files));
  return chooseCommands(survey, readComposer(survey), { webRoot: ".", schema });
}

const install = "composer install --no-dev --no-interaction --prefer-dist --optimize-autoloader";

it.each<{ name: string; files: Record<string, string>; schema?: string; hooks: object; runtime?: object }>([
  { name: "installs packages that are missing", files: { "composer.json": '{"require":{"a/b":"*"}}' }, hooks: { build: install } },
  {
    name: "installs them where composer.json is",
    files: { "www/composer.json": '{"require":{"a/b":"*"}}' },
    hooks: { build: `${install} --working-dir=www` },
  },
  {
    name: "writes the autoloader of an application without packages",
    files: { "composer.json": '{"require":{"php":"^8.2"},"autoload":{"psr-4":{"App\\\\":"src/"}}}' },
    hooks: { build: install },
  },
  {
    name: "leaves packages that are there",
    files: { "composer.json": '{"require":{"a/b":"*"}}', "vendor/autoload.php": "<?php" },
    hooks: {},
  },
  {
    name: "builds assets that are missing",
    files: { "package.json": '{"scripts":{"build":"vite"}}', "package-lock.json": "{}" },
    hooks: { build: ["npm ci", "npm run build"] },
  },
  {
    name: "builds without a lock file",
    files: { "package.json": '{"scripts":{"prod":"x"}}' },
    hooks: { build: ["npm install --no-audit --no-fund", "npm run prod"] },
  },
  {
    name: "leaves assets that are there",
    files: { "package.json": '{"scripts":{"build":"vite"}}', "public/build/manifest.json": "{}" },
    hooks: {},
  },
  {
    name: "migrates by artisan",
    files: { artisan: "", "composer.json": '{"require":{"laravel/framework":"*"}}', "vendor/autoload.php": "" },
    hooks: { migrate: { run: "php artisan migrate --force", watch: ["migrations", "Migrations", "database/schema", "composer.lock"] } },
  },
  {
    name: "migrates by doctrine",
    files: { "bin/console": "", "composer.json": '{"require":{"doctrine/doctrine-migrations-bundle":"*"}}', "vendor/autoload.php": "" },
    hooks: {
      migrate: {
        run: "php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration",
        watch: ["migrations", "Migrations", "DoctrineMigrations", "doctrine_migrations.*"],
      },
    },
  },
  {
    name: "migrates by phinx",
    files: { "phinx.php": "<?php", "composer.json": '{"require":{"robmorgan/phinx":"*"}}', "vendor/autoload.php": "" },
    hooks: { migrate: { run: "php vendor/bin/phinx migrate", watch: ["migrations", "phinx.*"] } },
  },
  {
    name: "migrates by think, spark, yii and cake",
    files: { think: "", "database/migrations/a.php": "<?php" },
    hooks: { migrate: { run: "php think migrate:run", watch: ["migrations"] } },
  },
  { name: "loads the schema", files: { "s.sql": "" }, schema: "s.sql", hooks: { install: { sql: "s.sql" } } },
  { name: "leaves the schema to an installer", files: { "install.php": "<?php" }, schema: "s.sql", hooks: {} },
  {
    name: "gives programs a shell",
    files: { "a.php": "<?php exec('/usr/bin/convert a b'); proc_open(\"git log\");", "b.php": "<?php shell_exec('diff3 a');" },
    hooks: {},
    runtime: { flavour: "shell", packages: ["diffutils", "imagemagick"] },
  },
  {
    name: "gives none to what only vendor does",
    files: { "vendor/a/b.php": "<?php exec('x');", "a.php": "<?php $x->exec('y');" },
    hooks: {},
  },
])("$name", ({ files, schema, hooks, runtime }) => {
  expect(choose(files, schema).value).toEqual({ hooks, runtime: runtime ?? {} });
});

it("names a browser installer", () => {
  expect(choose({ "install.php": "<?php" }).diagnostics.map((each) => each.message)).toEqual([
    "It is installed in the browser, at /install.php",
  ]);
});
