import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { literalTree } from "../literal-tree.ts";
import { readServerHints } from "../server-hints.ts";
import { surveyTree } from "../survey.ts";
import { chooseDatabase } from "./choose-database.ts";
import { installSchema, sqlFiles } from "./sql-files.ts";

const schema = "CREATE TABLE `a` (id INT AUTO_INCREMENT) ENGINE=InnoDB;";
const config = "<?php $db_host = ''; $db_user = ''; $db_name = '';";

function choose(files: Record<string, string>): ReturnType<typeof chooseDatabase> {
  const survey = surveyTree(literalTree(files));
  return chooseDatabase(survey, readComposer(survey), readServerHints(survey));
}

it.each<{ name: string; files: Record<string, string>; needed: boolean; drivers: string[]; codes?: string[] }>([
  {
    name: "a framework with an ORM",
    files: { "composer.json": '{"require":{"laravel/framework":"^11"}}' },
    needed: true,
    drivers: ["pdo_mysql"],
  },
  { name: "code and settings", files: { "config.php": config, "db.php": "<?php mysqli_connect($h);" }, needed: true, drivers: ["mysqli"] },
  {
    name: "code and a schema",
    files: { "install.sql": schema, "db.php": "<?php new PDO('mysql:host=x');" },
    needed: true,
    drivers: ["pdo_mysql"],
  },
  {
    name: "SQL statements in many files",
    files: {
      "db.php": "<?php new mysqli($h);",
      ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`p${at}.php`, "<?php $q = 'UPDATE users SET a = 1';"])),
    },
    needed: true,
    drivers: ["mysqli"],
  },
  {
    name: "an installer that asks",
    files: { "install/index.php": '<?php ?><input name="db_host"><?php', "db.php": "<?php new PDO('mysql:x');" },
    needed: true,
    drivers: ["pdo_mysql"],
  },
  {
    name: "compose with MariaDB",
    files: { "compose.yaml": "services:\n  db:\n    image: mariadb:11\n", "db.php": "<?php new PDO('mysql:x');" },
    needed: true,
    drivers: ["pdo_mysql"],
  },
  {
    name: "composer's ext-mysqli",
    files: { "composer.json": '{"require":{"ext-mysqli":"*"}}', "a.php": "<?php new mysqli;" },
    needed: true,
    drivers: ["mysqli"],
  },
  {
    name: "a client of other people's databases",
    files: { "a.php": "<?php mysqli_connect(); new PDO('mysql:x'); new SQLite3('x');" },
    needed: false,
    drivers: ["mysqli", "pdo_mysql"],
    codes: ["detect/database-optional"],
  },
  {
    name: "a plugin",
    files: { "plugins/x/a.php": "<?php mysqli_connect();", "plugins/x/a.sql": schema, "a.php": "<?php" },
    needed: false,
    drivers: [],
  },
  {
    name: "SQLite with MySQL as an option",
    files: { "config.php": config, "db.php": "<?php new PDO('sqlite:x'); new PDO('mysql:x');" },
    needed: false,
    drivers: ["pdo_mysql"],
    codes: ["detect/database-optional"],
  },
  {
    name: "SQLite alone",
    files: { "db.php": "<?php new PDO('sqlite:x');", "e.php": "<?php new SQLite3('x');" },
    needed: false,
    drivers: ["sqlite3", "pdo_sqlite"],
  },
  {
    name: "PostgreSQL alone",
    files: { "db.php": "<?php pg_connect('x');", "schema.sql": "CREATE TABLE a (id SERIAL);" },
    needed: false,
    drivers: ["pgsql"],
    codes: ["detect/postgresql-only"],
  },
  { name: "nothing", files: { "a.php": "<?php" }, needed: false, drivers: [] },
])("$name", ({ files, needed, drivers, codes }) => {
  const found = choose(files);
  expect(found.value).toEqual({ needed, drivers });
  expect(found.diagnostics.map((each) => each.code)).toEqual(codes ?? []);
});

it("finds the one file that sets up the tables", () => {
  const survey = surveyTree(
    literalTree({
      "db/mysql.initial.sql": schema,
      "db/mysql.2020.update.sql": schema,
      "db/postgres.initial.sql": "CREATE TABLE a (id SERIAL);",
      "db/sqlite.initial.sql": "CREATE TABLE a (id INTEGER);",
      "db/demo.sql": schema,
      "notes.sql": "SELECT 1",
    }),
  );
  const files = sqlFiles(survey);
  expect(files.map((file) => `${file.dialect} ${file.upgrade}`)).toEqual([
    "mysql false",
    "mysql true",
    "mysql false",
    "pgsql false",
    "sqlite false",
  ]);
  expect(installSchema(files)).toBe("db/mysql.initial.sql");
  expect(installSchema([])).toBeUndefined();
});
