import { cp, mkdir, readdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Suite } from "../src/catalog/debian-suites.ts";
import { debianApp } from "../test/support/debian-app.ts";

/** `node scripts/fetch-app.ts SUITE DIRECTORY PACKAGE...`: a copy of an application from Debian's packages, unpacked. Prints where it is. */
const [suite = "trixie", directory = ".", ...packages] = process.argv.slice(2);
const target = resolve(directory, packages[0] ?? "app");
if ((await readdir(target).catch(() => [])).length === 0) {
  const cached = await debianApp(suite as Suite, packages);
  await mkdir(target, { recursive: true });
  await cp(cached, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}
process.stdout.write(`${target}\n`);
