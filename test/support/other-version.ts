import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * A copy of this checkout's program below `directory` that says it is another version: for upgrades and downgrades where no former version is
 * at hand (a CI's clone has no history). Answers the path of its `howdah`. What a real former version did: docs/reference/benchmarks.md.
 */
export async function otherVersion(directory: string): Promise<string> {
  await mkdir(directory);
  for (const part of ["bin", "src"]) await cp(part, join(directory, part), { recursive: true });
  const manifest = JSON.parse(await readFile("package.json", "utf8")) as object;
  await writeFile(join(directory, "package.json"), JSON.stringify({ ...manifest, version: "0.0.1-other" }));
  await symlink(resolve("node_modules"), join(directory, "node_modules"));
  return join(directory, "bin/howdah");
}
