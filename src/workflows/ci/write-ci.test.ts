import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { wireFiles } from "../../files-wiring.ts";
import { type CiCommand, type CiResult, writeCi } from "./write-ci.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-write-ci-"));
  await mkdir(join(root, ".git"));
  await mkdir(join(root, "apps/shop"), { recursive: true });
  await writeFile(
    join(root, "apps/shop/howdah.yaml"),
    'apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\nspec: {runtime: {php: "8.2", extensions: [imap]}}\n',
  );
});
afterEach(() => rm(root, { recursive: true }));

const written = (change: Partial<CiCommand> = {}): Promise<CiResult> =>
  writeCi(
    {
      ...{
        platform: "gitlab",
        given: "apps/shop",
        directory: root,
        php: undefined,
        argv: ["php", "t.php"],
        write: true,
        force: false,
        review: false,
      },
      ...change,
    },
    wireFiles(),
  );

it("writes at the repository's root and names the site from there", async () => {
  const { file, text } = await written();
  expect(file).toBe(join(root, ".gitlab-ci.yml"));
  expect(text).toContain('howdah test apps/shop --php "$PHP" -- php t.php');
  expect(text).toContain("files: [apps/shop/howdah.lock]");
  expect((await written()).written).toBe(false);
});

it("replaces a file of somebody else only when told so, and keeps it", async () => {
  await writeFile(join(root, ".gitlab-ci.yml"), "mine: {}\n");
  await expect(written()).rejects.toMatchObject({ code: "usage/invalid" });
  expect((await written({ force: true })).written).toBe(true);
  expect(await readFile(join(root, ".gitlab-ci.yml.bak"), "utf8")).toBe("mine: {}\n");
});

it("finds out how the site is tested, or asks", async () => {
  await expect(written({ argv: [] })).rejects.toMatchObject({ code: "usage/invalid" });
  await writeFile(join(root, "apps/shop/phpunit.xml"), "<phpunit/>");
  expect((await written({ argv: [] })).text).toContain("--junit junit.xml -- vendor/bin/phpunit --log-junit junit.xml");
});

it("refuses versions that the site can't be tested on", async () => {
  await expect(written({ php: "8.2,8.4" })).rejects.toMatchObject({ code: "site/invalid" });
  await expect(written({ php: "8.3" })).rejects.toMatchObject({ code: "usage/invalid" });
});

it("leaves out tests of a site without a PHP of Howdah's, unless they are asked for", async () => {
  await writeFile(join(root, "apps/shop/howdah.yaml"), "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\n");
  expect((await written({ argv: [] })).text).not.toContain("howdah test");
  await expect(written()).rejects.toMatchObject({ code: "usage/invalid" });
});
