import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collectReport } from "./collect-report.ts";

let base = "";
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "howdah-report-"));
  await mkdir(join(base, "tree", "build"), { recursive: true });
  await writeFile(join(base, "secret.xml"), "secret");
  await writeFile(join(base, "tree", "build", "junit.xml"), "<testsuites/>");
  await symlink(join(base, "secret.xml"), join(base, "tree", "link.xml"));
  await symlink(base, join(base, "tree", "up"));
});
afterAll(() => rm(base, { recursive: true }));

const collect = (file: string) => collectReport(join(base, "tree"), file, { directory: join(base, "out"), php: "8.2" });

it("takes the report, under a name of its version", async () => {
  expect(await collect("build/junit.xml")).toBe(join(base, "out", "build", "junit-php8.2.xml"));
  expect(await readFile(join(base, "out", "build", "junit-php8.2.xml"), "utf8")).toBe("<testsuites/>");
});

describe("what lies in the way where the report goes", () => {
  it("is replaced when it is a link: what the link points to stays as it is", async () => {
    await symlink(join(base, "secret.xml"), join(base, "out", "junit-php8.2.xml"));
    await writeFile(join(base, "tree", "junit.xml"), "<testsuites/>");
    await collect("junit.xml");
    expect(await readFile(join(base, "secret.xml"), "utf8")).toBe("secret");
    expect(await readFile(join(base, "out", "junit-php8.2.xml"), "utf8")).toBe("<testsuites/>");
  });

  it.each(["elsewhere", "elsewhere/deeper"])("is refused when it is a linked directory: %s", async (place) => {
    await mkdir(join(base, "other"), { recursive: true });
    await mkdir(join(base, "tree", place), { recursive: true });
    await writeFile(join(base, "tree", place, "junit.xml"), "<testsuites/>");
    await symlink(join(base, "other"), join(base, "out", "elsewhere")).catch(() => undefined);
    await expect(collect(`${place}/junit.xml`)).rejects.toMatchObject({ code: "usage/invalid" });
    expect(await readdir(join(base, "other"))).toEqual([]);
  });
});

it.each(["link.xml", "up/secret.xml", "build", "no/such.xml"])("takes nothing for %s", async (file) => {
  expect(await collect(file)).toBeUndefined();
});
