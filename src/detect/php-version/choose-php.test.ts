import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { literalTree } from "../literal-tree.ts";
import { readServerHints } from "../server-hints.ts";
import { surveyTree } from "../survey.ts";
import { choosePhp, type PhpQuestion } from "./choose-php.ts";

const many = (code: string, count: number, directory = "src"): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${directory}/f${at}.php`, `<?php ${code}`]));
const composer = (require: object, more: object = {}): string => JSON.stringify({ require, ...more });
const lock = (packages: object[]): string => JSON.stringify({ packages });

function choose(files: Record<string, string>, more: Partial<PhpQuestion> = {}): ReturnType<typeof choosePhp> {
  const survey = surveyTree(literalTree(files));
  return choosePhp({ survey, composer: readComposer(survey), hints: readServerHints(survey), hasExtensions: () => true, ...more });
}

it.each<{ name: string; files: Record<string, string>; php: string; because: RegExp }>([
  { name: "takes the newest for small clean code", files: { "index.php": "<?php echo 1;" }, php: "8.4", because: /nothing/ },
  {
    name: "obeys composer.json",
    files: { "composer.json": composer({ php: ">=7.2 <8.3" }), "index.php": "<?php" },
    php: "8.2",
    because: /asks for >=7.2 <8.3/,
  },
  {
    name: "obeys the platform it is resolved for",
    files: { "composer.json": composer({}, { config: { platform: { php: "8.3.1" } } }), "i.php": "<?php" },
    php: "8.4",
    because: /resolves its packages/,
  },
  {
    name: "obeys locked packages",
    files: {
      "composer.json": composer({ php: "^8.1" }),
      "composer.lock": lock([{ name: "a/b", version: "1", require: { php: "~8.1.0 || ~8.2.0" } }]),
      "i.php": "<?php",
    },
    php: "8.2",
    because: /a\/b 1 asks for/,
  },
  {
    name: "obeys the platform check",
    files: { "vendor/composer/platform_check.php": "<?php if (!(PHP_VERSION_ID >= 80300)) { $i = 1; }", "i.php": "<?php" },
    php: "8.4",
    because: /platform check/,
  },
  {
    name: "does not trust old upper bounds of installed packages in recent code",
    files: {
      "vendor/composer/installed.json": lock([{ name: "a/b", version: "1", time: "2023-01-01", require: { php: "^7.1" } }]),
      "vendor/autoload.php": "<?php",
      "i.php": "<?php",
    },
    php: "8.2",
    because: /most of its packages/,
  },
  {
    name: "obeys a version constant",
    files: { "index.php": "<?php $max_php_version = '7.4';" },
    php: "7.4",
    because: /max_php_version is 7.4/,
  },
  {
    name: "obeys a test that stops",
    files: { "index.php": "<?php if (PHP_VERSION_ID >= 80300) { die('no'); }" },
    php: "8.2",
    because: /stops on PHP 8.3.0 and later/,
  },
  { name: "obeys syntax", files: { ...many("enum A { }", 1), README: "Copyright 2022" }, php: "8.2", because: /an enum needs PHP 8.1/ },
  {
    name: "keeps code with removed syntax on PHP 7.4",
    files: { "index.php": "<?php $a = $b{0}; each($x);" },
    php: "7.4",
    because: /ended with PHP 8.0/,
  },
  {
    name: "forgives guarded use of removed functions",
    files: { "index.php": "<?php if (function_exists('get_magic_quotes_gpc') && get_magic_quotes_gpc()) { each($x); }" },
    php: "8.4",
    because: /nothing/,
  },
  {
    name: "keeps code of 2019 on PHP 7.4",
    files: { "README.md": "Copyright 2012-2019 X", ...many("f();", 60) },
    php: "7.4",
    because: /2019/,
  },
  {
    name: "gives code of 2022 PHP 8.2",
    files: { "CHANGELOG.md": "## 1.2 released 2022-05-01", "index.php": "<?php" },
    php: "8.2",
    because: /2022/,
  },
  { name: "gives code of 2025 PHP 8.4", files: { "index.php": "<?php const VERSION = '2025-01-20';" }, php: "8.4", because: /2025/ },
  {
    name: "holds back recent code that only declares PHP 5",
    files: { CHANGES: "released 2024-05-01", "index.php": "<?php $min_php = '5.6.0';" },
    php: "8.2",
    because: /only declares PHP 5/,
  },
  {
    name: "holds back recent code with nullable defaults",
    files: { NEWS: "released 2024-05-01", ...many("function f(A $a = null) {}", 20) },
    php: "8.2",
    because: /implicitly nullable/,
  },
  {
    name: "keeps old undated code on PHP 7.4",
    files: { ...many("f();", 60), "index.php": "<?php if (version_compare(PHP_VERSION, '5.3', '<')) die();" },
    php: "7.4",
    because: /only declares PHP 5/,
  },
  { name: "does not trust large undated code with the newest", files: many("f();", 60), php: "8.2", because: /too large/ },
  {
    name: "trusts large undated code with new syntax",
    files: { ...many("f();", 60), "src/e.php": "<?php enum A {}" },
    php: "8.4",
    because: /nothing/,
  },
  {
    name: "believes authors who know PHP 8.1",
    files: { README: "Copyright 2019", "index.php": "<?php class A { #[\\ReturnTypeWillChange] function count() {} }" },
    php: "8.2",
    because: /ReturnTypeWillChange/,
  },
  {
    name: "believes authors who know PHP 8.4",
    files: { README: "Copyright 2022", "index.php": "<?php if (PHP_VERSION_ID >= 80400) { f(); } #[AllowDynamicProperties] class A {}" },
    php: "8.4",
    because: /a test for PHP 8.4.0/,
  },
  {
    name: "believes composer.json that names PHP 8",
    files: { README: "Copyright 2021", "composer.json": composer({ php: "^7.4|^8.0" }), "index.php": "<?php" },
    php: "8.2",
    because: /names PHP 8/,
  },
  {
    name: "follows its Dockerfile",
    files: { Dockerfile: "FROM php:8.1-apache\n", "index.php": "<?php" },
    php: "8.2",
    because: /FROM php:8.1/,
  },
  {
    name: "follows its continuous integration",
    files: { ".gitlab-ci.yml": 'PHP: ["7.4", "8.2"]\nimage: php:7.4', "index.php": "<?php" },
    php: "7.4",
    because: /own set-up/,
  },
])("$name", ({ files, php, because }) => {
  const found = choose(files);
  expect(found.value).toBe(php);
  expect(found.evidence.map((each) => each.because).join("; ")).toMatch(because);
});

it("lets a recipe bound it", () => {
  const recipe = { min: "7.4", max: "8.2", because: "version 1.2 works with 7.4 to 8.2" };
  expect(choose({ "index.php": "<?php" }, { recipe }).value).toBe("8.2");
});

it("prefers a version that has the extensions", () => {
  expect(choose({ "index.php": "<?php" }, { hasExtensions: (version) => version !== "8.4" }).value).toBe("8.2");
});

it("names bounds that contradict each other", () => {
  const found = choose({
    "composer.json": composer({ php: "^8.3" }),
    "index.php": "<?php if (PHP_VERSION_ID >= 80000) { die(); } mysql_query('x');",
  });
  expect(found.value).toBe("8.4");
  expect(found.diagnostics.map((each) => each.code)).toEqual(["detect/php-conflict"]);
});

it("warns of what the version no longer has", () => {
  const found = choose({
    "composer.json": composer({ php: "^8.1" }),
    "index.php": "<?php each($x);",
    "b.php": "<?php create_function('', '');",
  });
  expect(found.diagnostics.map((each) => each.message)).toEqual([
    "The code uses what PHP 8.4 no longer has: the function create_function() and more, in 2 files",
  ]);
});
