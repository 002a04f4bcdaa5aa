import { describe, expect, it } from "vitest";
import { builderOf, builderRequests } from "./builder-requests.ts";
import { normalRequest, recipeFor, unknownExtensions } from "./image-recipes.ts";
import { nginxModuleFiles, nginxModules } from "./nginx-modules.ts";
import { canonicalExtension, extensionFor, extensionsOf, versionsWith } from "./php-extensions.ts";
import { phpVersions } from "./php-versions.ts";

describe("PHP extensions", () => {
  it.each([
    ["8.4", "mysqli", "php8.4-mysql"],
    ["8.2", "pdo_mysql", "php8.2-mysql"],
    ["7.4", "xsl", "php7.4-xml"],
    ["8.4", "exif", "php8.4-common"],
    ["7.4", "redis", "php-redis"],
    ["8.4", "redis", "php8.4-redis"],
    ["8.2", "excimer", "php-excimer"],
    ["8.4", "excimer", "php8.4-excimer"],
    ["8.2", "imap", "php8.2-imap"],
    ["7.4", "json", "php7.4-json"],
  ] as const)("PHP %s has %s in %s", (version, name, carrier) => {
    expect(extensionFor(version, name)).toEqual({ kind: "package", package: carrier });
  });

  it("knows what is compiled in, what only the command line has, and what a version lacks", () => {
    expect(extensionFor("8.4", "json")).toEqual({ kind: "builtin" });
    expect(extensionFor("7.4", "sodium")).toEqual({ kind: "builtin" });
    expect(extensionFor("8.2", "pcntl")).toEqual({ kind: "cli-only" });
    expect(extensionFor("8.4", "imap")).toBeUndefined();
    expect(versionsWith("imap")).toEqual(["7.4", "8.2"]);
    expect(versionsWith("swoole")).toEqual([]);
  });

  it.each([
    ["ext-PDO", "pdo"],
    ["Zend-OPcache", "opcache"],
    ["pdo-mysql", "pdo_mysql"],
    ["SimpleXML", "simplexml"],
  ])("takes %s for %s", (written, name) => {
    expect(canonicalExtension(written)).toBe(name);
  });

  it("lists more than a hundred for each version, in names that the site file accepts", () => {
    for (const version of phpVersions) {
      const names = extensionsOf(version);
      expect(names.length).toBeGreaterThan(100);
      expect(names.filter((name) => !/^[a-z][a-z0-9_]*$/.test(name))).toEqual([]);
    }
  });
});

describe("nginx modules", () => {
  it("loads what others need first, each file once", () => {
    expect(nginxModuleFiles(["modsecurity", "lua", "brotli", "brotli-static"])).toEqual([
      "modules/ngx_http_brotli_filter_module.so",
      "modules/ngx_http_brotli_static_module.so",
      "modules/ndk_http_module.so",
      "modules/ngx_http_lua_module.so",
      "modules/ngx_http_modsecurity_module.so",
    ]);
  });

  it("is sorted, and every dependency is a module", () => {
    const names = nginxModules.map((module) => module.name);
    expect(names).toEqual([...names].sort());
    expect(nginxModules.flatMap((module) => module.after).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe("builders", () => {
  it.each([
    [["composer", "install"], "php"],
    [["php", "artisan", "optimize"], "php"],
    [["npm", "ci"], "node"],
    [["sh", "-c", "npm ci && npm run build"], "node"],
    [["sh", "-c", "composer install && npm ci"], "php"],
    [["make", "all"], "php"],
  ] as const)("%j runs beside %s", (argv, builder) => {
    expect(builderOf(argv)).toBe(builder);
  });

  it("asks only for the builders that hooks need", () => {
    const php = { version: "8.2", extensions: ["gd"], packages: [] } as const;
    expect(builderRequests([], php, "20")).toEqual([]);
    expect(builderRequests([["npm", "ci"]], php, "18")).toEqual([{ kind: "node-builder", version: "18" }]);
    expect(
      builderRequests(
        [
          ["npm", "ci"],
          ["composer", "install"],
        ],
        null,
        "20",
      ).map((request) => request.kind),
    ).toEqual(["php-builder", "node-builder"]);
  });
});

describe("recipes", () => {
  it("is the same for the same wishes in another order", () => {
    const one = normalRequest({ kind: "php", version: "8.4", extensions: ["gd", "intl"], flavour: "slim", packages: [] });
    const two = normalRequest({ kind: "php", version: "8.4", extensions: ["intl", "gd", "gd"], flavour: "slim", packages: [] });
    expect(one).toEqual(two);
  });

  it("gives a shell to an image with extra programs, and keeps a package that is asked for by name", () => {
    const request = normalRequest({ kind: "php", version: "8.2", extensions: [], flavour: "slim", packages: ["openssl"] });
    const recipe = recipeFor(request);
    expect([
      request.kind === "php" && request.flavour,
      recipe.busybox,
      recipe.install.includes("openssl"),
      recipe.absent.includes("openssl"),
    ]).toEqual(["shell", true, true, false]);
  });

  it("has no shell in a slim PHP and in nginx", () => {
    for (const request of [
      { kind: "php", version: "8.4", extensions: ["mysqli"], flavour: "slim", packages: [] },
      { kind: "nginx", modules: ["brotli"] },
    ] as const) {
      expect(recipeFor(request).install.filter((name) => /^(bash|dash|busybox)/.test(name))).toEqual([]);
      expect(recipeFor(request).absent).toContain("dash");
    }
  });

  it("names extensions that a version lacks", () => {
    expect(unknownExtensions({ kind: "php", version: "8.4", extensions: ["imap", "gd"], flavour: "slim", packages: [] })).toEqual(["imap"]);
  });
});
