import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
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

it.each(["link.xml", "up/secret.xml", "build", "no/such.xml"])("takes nothing for %s", async (file) => {
  expect(await collect(file)).toBeUndefined();
});
