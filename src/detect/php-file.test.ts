import { describe, expect, it } from "vitest";
import { lineAt, newestYear, type PhpFile, readPhpFile } from "./php-file.ts";

const read = (code: string): PhpFile => readPhpFile("a.php", "app", `<?php ${code}`);

describe("names", () => {
  it.each<{ name: string; code: string; calls?: string[]; classes?: string[]; guards?: string[] }>([
    {
      name: "collects calls, not methods or declarations",
      code: "mb_strlen($a); $x->curl_init(); A::foo(); function gd() {} new Bar();",
      calls: ["mb_strlen"],
      classes: ["a", "bar"],
    },
    { name: "takes the global form of qualified calls", code: "\\curl_init(); \\A\\b();", calls: ["curl_init"] },
    {
      name: "ignores unqualified classes of a namespace",
      code: "namespace N; new ZipArchive; new \\DOMDocument;",
      classes: ["domdocument"],
    },
    {
      name: "follows imports",
      code: "namespace N; use ZipArchive; use Foo\\Bar as DOMXPath; new ZipArchive; new DOMXPath;",
      classes: ["ziparchive"],
    },
    {
      name: "sees extends, implements, instanceof and catch",
      code: "class A extends SoapClient implements B, Countable {} try {} catch (PDOException $e) {} $x instanceof Redis;",
      classes: ["soapclient", "b", "countable", "pdoexception", "redis"],
    },
    {
      name: "collects guards",
      code: "if (function_exists('imagewebp') || class_exists('Imagick')) {}",
      calls: ["function_exists", "class_exists"],
      guards: ["imagewebp", "imagick"],
    },
    { name: "leaves self and declared classes out", code: "class A {} new A; new self; static::x();", classes: [] },
    { name: "takes `use function` for an import", code: "namespace N; use function iconv; iconv('a', 'b', 'c');", calls: ["iconv"] },
  ])("$name", ({ code, calls, classes, guards }) => {
    const file = read(code);
    if (calls !== undefined) expect([...file.calls.keys()]).toEqual(calls);
    if (classes !== undefined) expect([...file.classes.keys()].sort()).toEqual([...classes].sort());
    if (guards !== undefined) expect([...file.guards.keys()]).toEqual(guards);
    expect(file.functions.has("iconv")).toBe(false);
  });

  it("knows demanded extensions and lists of them", () => {
    expect([...read("if (!extension_loaded('ldap')) die;").demandedExtensions]).toEqual(["ldap"]);
    const list = read("foreach (['gd', 'intl'] as $e) { if (!extension_loaded($e)) echo $e; }");
    expect([...list.words.keys()]).toEqual(["gd", "intl"]);
  });
});

describe("versions", () => {
  it.each<{ code: string; tests: string[] }>([
    { code: "if (PHP_VERSION_ID < 70400) { die('old'); }", tests: ["< 7.4.0 stops"] },
    { code: "if (70400 > PHP_VERSION_ID) { exit; }", tests: ["< 7.4.0 stops"] },
    { code: "if (PHP_VERSION_ID >= 80000) { return; }", tests: [">= 8.0.0"] },
    { code: "if (version_compare(PHP_VERSION, '7.2.5', '<')) { die(); }", tests: ["< 7.2.5 stops"] },
    { code: "if (version_compare('7.2', phpversion(), '>')) { die(); }", tests: ["< 7.2 stops"] },
    { code: "if (!version_compare(PHP_VERSION, '7.1', 'ge')) throw new E();", tests: ["< 7.1 stops"] },
    {
      code: "if (version_compare(PHP_VERSION, '7.0', '>=') && version_compare(PHP_VERSION, '7.0.17', '<')) { throw $e; }",
      tests: [">= 7.0", "< 7.0.17"],
    },
    { code: "if (PHP_VERSION_ID < 70000) { $a = 1; } else { die(); }", tests: ["< 7.0.0"] },
  ])("$code", ({ code, tests }) => {
    expect(read(code).versionTests.map((test) => `${test.op} ${test.version}${test.stops ? " stops" : ""}`)).toEqual(tests);
  });

  it.each<{ code: string; bounds: string[] }>([
    { code: "$required_php_version = '7.2.24';", bounds: ["min 7.2.24"] },
    { code: "define('GRAV_PHP_MIN', '7.3.6');", bounds: ["min 7.3.6"] },
    { code: "const MIN_PHP_VERSION = 70400;", bounds: ["min 7.4.0"] },
    { code: "return ['max_php' => '8.1'];", bounds: ["max 8.1"] },
    { code: "const MIN_PHP_GD_VERSION = '2.0'; const MIN_PHP_MEMORY_LIMIT = '128'; f('Minimum PHP is', '7.0');", bounds: [] },
    { code: "$min_php = foo();", bounds: [] },
  ])("$code", ({ code, bounds }) => {
    expect(read(code).versionBounds.map((bound) => `${bound.bound} ${bound.version}`)).toEqual(bounds);
  });
});

describe("values", () => {
  it("collects environment variables", () => {
    expect([...read("getenv('DB_HOST'); $_ENV['APP_URL']; env('APP_KEY', 'x'); getenv($x); foo('NOPE');").environment.keys()]).toEqual([
      "DB_HOST",
      "APP_URL",
      "APP_KEY",
    ]);
  });

  it.each<{ code: string; paths: string[] }>([
    { code: "is_writable('data/');", paths: ["data/"] },
    { code: "mkdir(ROOT . '/cache/x', 0755, true);", paths: ["/cache/x"] },
    { code: "move_uploaded_file($tmp, __DIR__ . '/uploads/' . $name);", paths: ["/uploads/"] },
    { code: "fopen('logs/a.log', 'a'); fopen('in.txt', 'r'); fopen($x, 'w');", paths: ["logs/a.log"] },
  ])("$code", ({ code, paths }) => {
    expect(read(code).writes.map((write) => write.path)).toEqual(paths);
  });

  it("sees routing, databases, SQL, paths, includes and attributes", () => {
    const file = read(
      "#[\\ReturnTypeWillChange] require __DIR__ . '/../vendor/autoload.php'; $_SERVER['REQUEST_URI']; new PDO('mysql:host=x'); new PDO(\"pgsql:host=$h\"); $q = 'INSERT INTO users VALUES (1)'; $r = 'SELECT a FROM b'; $u = 'wp-content/uploads'; $c['TempDir'] = './tmp/';",
    );
    expect(file.routes).toBe(true);
    expect([...file.databases]).toEqual(["mysql", "pgsql"]);
    expect(file.sql).toEqual({ statements: 2, tables: 1 });
    expect([...file.paths.keys()]).toEqual(["wp-content/uploads", "tmp"]);
    expect(file.includes).toContain("/../vendor/autoload.php");
    expect(file.attributes.has("returntypewillchange")).toBe(true);
  });
});

it.each<{ text: string; year: number | undefined }>([
  { text: "Copyright (c) 2011-2022 Somebody", year: 2022 },
  { text: "released 2019, see 2021-03-04", year: 2021 },
  { text: "(C) 1901 nobody", year: undefined },
  { text: "nothing", year: undefined },
])("the newest year of '$text' is $year", ({ text, year }) => {
  expect(newestYear(text)).toBe(year);
});

it("counts lines from 1", () => {
  expect(lineAt("a\nb\nc", 4)).toBe(3);
  expect(lineAt(undefined, 1)).toBeUndefined();
});
