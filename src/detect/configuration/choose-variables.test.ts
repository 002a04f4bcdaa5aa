import { expect, it } from "vitest";
import { literalTree } from "../literal-tree.ts";
import { surveyTree } from "../survey.ts";
import { chooseVariables, valueFor } from "./choose-variables.ts";

it.each<{ name: string; value: unknown; without?: unknown }>([
  { name: "DB_HOST", value: undefined },
  { name: "DATABASE_URL", value: { database: "url" } },
  { name: "MYSQL_HOST", value: { database: "host" } },
  { name: "DB_DATABASE", value: { database: "name" } },
  { name: "DB_USERNAME", value: { database: "user" } },
  { name: "TYPECHO_DB_PASSWORD", value: { database: "password" } },
  { name: "TYPO3_DB_DBNAME", value: { database: "name" } },
  { name: "MYSQL_PORT", value: { database: "port" } },
  { name: "MYSQL_ROOT_PASSWORD", value: undefined },
  { name: "DB_CONNECTION", value: "mysql" },
  { name: "APP_URL", value: { site: "url" }, without: { site: "url" } },
  { name: "TYPECHO_SITE_URL", value: { site: "url" }, without: { site: "url" } },
  { name: "APP_DOMAIN", value: { site: "hostname" }, without: { site: "hostname" } },
  { name: "APP_KEY", value: { generate: { encoding: "laravel" } }, without: { generate: { encoding: "laravel" } } },
  { name: "APP_SECRET", value: { generate: { bytes: 32, encoding: "hex" } }, without: { generate: { bytes: 32, encoding: "hex" } } },
  { name: "APP_ENV", value: "production", without: "production" },
  { name: "APP_DEBUG", value: "false", without: "false" },
  { name: "PATH", value: undefined },
])("$name", ({ name, value, without }) => {
  expect(valueFor(name, true)).toEqual(value);
  expect(valueFor(name, false)).toEqual(without);
});

it("maps what code and examples name, once each, and names samples", () => {
  const survey = surveyTree(
    literalTree({
      ".env.example": "# comment\nAPP_URL=http://x\nMAIL=x\n",
      "a.php": "<?php getenv('APP_URL'); getenv('MYSQL_HOST');",
      "config/config.php.dist": "<?php",
      "config.sample.php": "<?php",
      "config.php": "<?php",
    }),
  );
  const found = chooseVariables(survey, true);
  expect(found.value).toEqual({ APP_URL: { site: "url" }, MYSQL_HOST: { database: "host" } });
  expect(found.evidence.map((each) => `${each.file} ${each.line}`)).toEqual([".env.example 2", "a.php 1"]);
  expect(found.diagnostics.map((each) => each.message)).toEqual([
    "config/config.php.dist is a sample for config/config.php, which is not there",
  ]);
});
