import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";

const directory = await mkdtemp(join(tmpdir(), "howdah-package-"));
afterAll(async () => {
  await rm(directory, { recursive: true });
});

it("packs to a tarball that installs and runs elsewhere, without any dependency", async () => {
  await run(["npm", "pack", "--silent", "--pack-destination", directory]);
  const [tarball = ""] = (await readdir(directory)).filter((name) => name.endsWith(".tgz"));
  await writeFile(join(directory, "package.json"), "{}");
  await run(["npm", "install", "--silent", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", join(directory, tarball)], {
    cwd: directory,
  });
  expect((await readdir(join(directory, "node_modules"))).filter((name) => !name.startsWith("."))).toEqual(["howdah"]);
  const howdah = [process.execPath, join(directory, "node_modules", ".bin", "howdah")];
  expect((await run([...howdah, "--version"], { cwd: directory })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const checked = await run([...howdah, "check", resolve("examples/wordpress.yaml"), "--output", "json"], { cwd: directory });
  expect(JSON.parse(checked.stdout)).toMatchObject({ valid: true });
  await mkdir(join(directory, "site"));
  await writeFile(join(directory, "site", "index.php"), "<?php echo 'hello';");
  const proposed = await run([...howdah, "init", "site", "--dry-run", "--output", "json"], { cwd: directory });
  expect(JSON.parse(proposed.stdout)).toMatchObject({ site: { spec: { runtime: { php: "8.4" } } } });
});
