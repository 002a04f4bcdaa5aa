import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { literalTree } from "../literal-tree.ts";
import { readServerHints } from "../server-hints.ts";
import { surveyTree } from "../survey.ts";
import { chooseExtensions, hasAll, wantedExtensions } from "./choose-extensions.ts";
import { extensionOfClass, extensionOfFunction } from "./extension-symbols.ts";

function list(files: Record<string, string>, version: "7.4" | "8.2" | "8.4" = "8.2"): string {
  const survey = surveyTree(literalTree(files));
  return chooseExtensions(version, wantedExtensions(survey, readComposer(survey), readServerHints(survey))).value.join(" ");
}

it.each<{ name: string; files: Record<string, string>; extensions: string }>([
  {
    name: "lists what functions and classes need",
    files: { "a.php": "<?php mb_strlen($a); new ZipArchive; imagepng($i); curl_init();" },
    extensions: "curl gd mbstring zip",
  },
  {
    name: "never lists what PHP always has",
    files: { "a.php": "<?php json_encode(1); preg_match('/a/', 'b'); gzcompress('x'); openssl_sign(); hash('a', 'b');" },
    extensions: "",
  },
  { name: "adds xml for its family", files: { "a.php": "<?php new DOMDocument;" }, extensions: "dom xml" },
  {
    name: "takes composer's list, also of locked packages, without development",
    files: {
      "composer.json": '{"require":{"ext-intl":"*","ext-json":"*"},"require-dev":{"ext-xdebug":"*"}}',
      "composer.lock":
        '{"packages":[{"name":"a/b","require":{"ext-bcmath":"*"}}],"packages-dev":[{"name":"c/d","require":{"ext-gmp":"*"}}]}',
      "a.php": "<?php",
    },
    extensions: "bcmath intl",
  },
  {
    name: "takes what its Dockerfile installs",
    files: { Dockerfile: "RUN docker-php-ext-install -j$(nproc) gd \\\n  pdo_mysql && true\n", "a.php": "<?php" },
    extensions: "gd pdo_mysql",
  },
  {
    name: "ignores polyfills, tests and what the tree declares itself",
    files: {
      "a.php": "<?php bcadd(1, 2); function bcadd($a, $b) {}",
      "tests/b.php": "<?php gmp_add();",
      "vendor/symfony/polyfill-intl/c.php": "<?php collator_create();",
    },
    extensions: "",
  },
  { name: "ignores comments and strings", files: { "a.php": "<?php // curl_init()\n$a = 'imagepng()';" }, extensions: "" },
  {
    name: "adds common extensions that are used where they are loaded",
    files: { "a.php": "<?php if (function_exists('imagepng')) { imagepng($x); }" },
    extensions: "gd",
  },
  {
    name: "leaves guarded services out",
    files: { "a.php": "<?php if (extension_loaded('redis')) { new Redis; } if (function_exists('apcu_fetch')) apcu_fetch('a');" },
    extensions: "",
  },
  {
    name: "leaves one driver of several out",
    files: { "lib/Cache/MemcachedDriver.php": "<?php new Memcached;", "lib/auth/ldap.php": "<?php ldap_bind();" },
    extensions: "",
  },
  {
    name: "takes a service that much code needs",
    files: { "a.php": "<?php ldap_connect();", "b.php": "<?php ldap_search();" },
    extensions: "ldap",
  },
  {
    name: "takes a service that the installer demands",
    files: { "install.php": "<?php if (!extension_loaded('ldap')) { die(); }" },
    extensions: "ldap",
  },
  {
    name: "takes a list that the installer goes through",
    files: { "install.php": "<?php foreach (['mbstring', 'gd', 'nonsense'] as $e) { if (!extension_loaded($e)) die(); }" },
    extensions: "gd mbstring",
  },
  {
    name: "leaves add-ons' services out",
    files: { "plugins/x/a.php": "<?php imap_open(); ldap_connect();", "plugins/y/b.php": "<?php imap_open();" },
    extensions: "",
  },
  { name: "leaves database drivers to the database detector", files: { "a.php": "<?php mysqli_connect(); pg_connect();" }, extensions: "" },
])("$name", ({ files, extensions }) => {
  expect(list(files)).toBe(extensions);
});

it("says which PHP has an extension that this one lacks", () => {
  const survey = surveyTree(literalTree({ "composer.json": '{"require":{"ext-imap":"*","ext-nonsense":"*"}}', "a.php": "<?php" }));
  const wanted = wantedExtensions(survey, readComposer(survey), []);
  expect(hasAll("8.4", wanted)).toBe(false);
  expect(hasAll("8.2", wanted)).toBe(true);
  const found = chooseExtensions("8.4", wanted);
  expect(found.diagnostics.map((each) => each.message)).toEqual([
    "PHP 8.4 here has no extension imap, but composer.json requires ext-imap (PHP 7.4, 8.2 has it)",
    "PHP 8.4 here has no extension nonsense, but composer.json requires ext-nonsense",
  ]);
});

it.each([
  ["_", "gettext"],
  ["simplexml_load_string", "simplexml"],
  ["dom_import_simplexml", "dom"],
  ["image_type_to_mime_type", undefined],
  ["imagecreatefrompng", "gd"],
  ["iconv_strlen", "iconv"],
  ["strlen", undefined],
])("the function %s belongs to %s", (name, extension) => {
  expect(extensionOfFunction(name)).toBe(extension);
});

it("knows classes", () => {
  expect(extensionOfClass("xsltprocessor")).toBe("xsl");
  expect(extensionOfClass("foo")).toBeUndefined();
});
