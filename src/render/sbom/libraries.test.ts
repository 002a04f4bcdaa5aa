import { describe, expect, it } from "vitest";
import { librariesOf } from "./libraries.ts";

const json = (path: string, value: unknown) => ({ path, text: JSON.stringify(value) });
const names = (lists: Parameters<typeof librariesOf>[0]) =>
  librariesOf(lists).libraries.map(({ name, version, development }) => `${name} ${version}${development ? " dev" : ""}`);

describe("the libraries of a tree", () => {
  it("reads composer.lock without what is for development", () => {
    const lock = json("composer.lock", {
      packages: [
        {
          name: "monolog/monolog",
          version: "v3.5.0",
          license: ["MIT"],
          source: { type: "git", url: "https://git.example.org/monolog.git", reference: "c0ffee" },
          dist: { url: "https://dist.example.org/x.zip", shasum: "a".repeat(40) },
        },
        { name: "a/meta", version: "1.0", type: "metapackage" },
        { name: "php", version: "8.2" },
      ],
      "packages-dev": [{ name: "phpunit/phpunit", version: "11.0" }],
    });
    expect(librariesOf([lock]).libraries).toEqual([
      {
        ecosystem: "composer",
        name: "monolog/monolog",
        version: "3.5.0",
        licences: ["MIT"],
        from: "git+https://git.example.org/monolog.git@c0ffee",
        checksum: { algorithm: "SHA1", value: "a".repeat(40) },
        development: false,
      },
    ]);
  });

  it("believes what is installed before what the lock beside it asks for", () => {
    const installed = json("app/vendor/composer/installed.json", {
      packages: [
        { name: "a/a", version: "1.1" },
        { name: "b/b", version: "2.0" },
      ],
      "dev-package-names": ["b/b"],
    });
    const locks = [
      json("app/composer.lock", { packages: [{ name: "a/a", version: "1.0" }] }),
      json("composer.lock", { packages: [{ name: "c/c", version: "3" }] }),
    ];
    expect(names([installed, ...locks])).toEqual(["a/a 1.1", "b/b 2.0 dev", "c/c 3"]);
    expect(names([json("vendor/composer/installed.json", [{ name: "old/one", version: "1" }])])).toEqual(["old/one 1"]);
  });

  it.each([
    {
      version: 1,
      lock: {
        dependencies: { a: { version: "1.0.0", dependencies: { "@s/b": { version: "2.0.0", dev: true } } }, c: { version: "file:../c" } },
      },
    },
    {
      version: 3,
      lock: {
        packages: {
          "": { name: "site" },
          "node_modules/a": { version: "1.0.0" },
          "node_modules/a/node_modules/@s/b": { version: "2.0.0", dev: true },
          "node_modules/c": { link: true },
        },
      },
    },
  ])("reads package-lock.json of version $version", ({ lock }) => {
    expect(names([json("package-lock.json", lock)])).toEqual(["@s/b 2.0.0 dev", "a 1.0.0"]);
  });

  it("is needed at run time when one place needs it there", () => {
    const lock = { packages: { "node_modules/a": { version: "1.0.0", dev: true }, "node_modules/b/node_modules/a": { version: "1.0.0" } } };
    expect(names([json("package-lock.json", lock)])).toEqual(["a 1.0.0"]);
  });

  it.each(["https://me:tok3n@npm.example.org/a.tgz", "https://npm.example.org/a.tgz?token=tok3n", "file:///home/me/a.tgz", "no address"])(
    "publishes no address such as %s",
    (resolved) => {
      const [library] = librariesOf([
        json("package-lock.json", { packages: { "node_modules/a": { version: "1.0.0", resolved } } }),
      ]).libraries;
      expect(library?.from).toBeNull();
    },
  );

  it("names lists that are damaged", () => {
    expect(
      librariesOf([
        { path: "b/composer.lock", text: "{" },
        { path: "a/package-lock.json", text: "[]" },
      ]),
    ).toEqual({
      libraries: [],
      unreadable: ["a/package-lock.json", "b/composer.lock"],
    });
  });
});
