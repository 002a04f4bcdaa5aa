import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kindOf } from "../providers/project-files/project-files.ts";
import { documentStore } from "../providers/state/document-store.ts";
import { findRecord } from "./find-record.ts";
import type { ProjectFiles, SiteRecord } from "./ports.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-find-"));
  for (const name of ["blog", "shop", "empty"]) await mkdir(join(root, name));
  for (const name of ["blog", "shop"]) await writeFile(join(root, name, "howdah.yaml"), "");
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

/** Sites that run, by name and folder. */
async function find(sites: Readonly<Record<string, string>>, given: string | undefined, folder: string): Promise<string> {
  const records = documentStore<SiteRecord>(join(root, "state"));
  for (const [namespace, at] of Object.entries(sites))
    await records.put(namespace, { namespace, file: join(root, at, "howdah.yaml") } as SiteRecord);
  const files = { kind: kindOf } as ProjectFiles;
  return (await findRecord(given, join(root, folder), { records, files })).namespace;
}

describe("the site that is meant", () => {
  it.each<[string, Readonly<Record<string, string>>, string | undefined, string, string]>([
    ["has the name", { blog: "blog", shop: "shop" }, "shop", "blog", "shop"],
    ["lies in the directory that is named", { blog: "blog", shop: "shop" }, "../shop", "blog", "shop"],
    ["has the file that is named", { blog: "blog", shop: "shop" }, "howdah.yaml", "shop", "shop"],
    ["lies in the current directory", { blog: "blog", shop: "shop" }, undefined, "blog", "blog"],
    ["is the only one, where no site file lies", { blog: "blog" }, undefined, "empty", "blog"],
  ])("%s", async (_name, sites, given, folder, found) => {
    expect(await find(sites, given, folder)).toBe(found);
  });

  it.each<[string, Readonly<Record<string, string>>, string | undefined, string, string, RegExp]>([
    ["is not the only one in another site's directory", { blog: "blog" }, undefined, "shop", "site/unknown", /current directory/],
    ["is none of several", { blog: "blog", shop: "shop" }, undefined, "empty", "site/unknown", /current directory/],
    ["is not the only one under another name", { blog: "blog" }, "Blog", "empty", "site/unknown", /"Blog"/],
    ["is not one of two with the same file", { blog: "blog", former: "blog" }, undefined, "blog", "usage/invalid", /blog and former/],
  ])("%s", async (_name, sites, given, folder, code, message) => {
    await expect(find(sites, given, folder)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
