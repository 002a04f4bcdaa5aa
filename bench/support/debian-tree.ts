import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Suite } from "../../src/catalog/debian-suites.ts";
import { type AptWorkspace, prepareApt, updateIndexes } from "../../src/providers/image/apt-workspace.ts";
import { hostSources } from "../../src/providers/image/host-sources.ts";
import { programFailure, run } from "../../src/providers/process.ts";

const cache = join(process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"), "trees");

/** What apt says of a package that a suite does not have. */
const UNKNOWN = /Unable to locate package|Can't select candidate version|no installation candidate/;

const workspaces = new Map<Suite, Promise<AptWorkspace>>();

/** Once in a run for each suite: the indexes are the same for all trees. */
function preparedApt(suite: Suite): Promise<AptWorkspace> {
  const known = workspaces.get(suite);
  if (known !== undefined) return known;
  const made = (async () => {
    const apt = await prepareApt(join(cache, "..", "apt-bench"), suite, await hostSources(process.env["HOWDAH_DEBIAN_MIRROR"]), "trees");
    await updateIndexes(apt, suite);
    return apt;
  })();
  workspaces.set(suite, made);
  return made;
}

/**
 * The files of Debian packages of one suite, unpacked and not installed, without what they depend on. Answers the root of the unpacked
 * file system, or undefined when the suite has no such package. Cached by suite and `id`.
 */
export async function debianTree(suite: Suite, id: string, packages: readonly string[]): Promise<string | undefined> {
  const root = join(cache, suite, id);
  if (existsSync(join(root, ".done"))) return root;
  const apt = await preparedApt(suite);
  const debs = join(root, ".debs");
  await mkdir(debs, { recursive: true });
  for (const name of packages) {
    const argv = ["env", "LC_ALL=C", "apt-get", "-c", apt.config, "download", "-q", name];
    const ran = await run(argv, { cwd: debs, accept: "any" });
    // A package that only some suites have is no failure; a mirror that does not answer is one, or the score would be of fewer trees.
    if (ran.code !== 0 && !ran.lastLines.some((line) => UNKNOWN.test(line))) throw programFailure(argv, ran);
  }
  const files = await readdir(debs);
  for (const deb of files) await run(["dpkg-deb", "-x", join(debs, deb), root]);
  await rm(debs, { recursive: true });
  if (files.length === 0) return undefined;
  await writeFile(join(root, ".done"), "");
  return root;
}
