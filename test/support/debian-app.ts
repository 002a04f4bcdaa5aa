import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Suite } from "../../src/catalog/debian-suites.ts";
import { prepareApt, printUris, updateIndexes } from "../../src/providers/image/apt-workspace.ts";
import { hostSources } from "../../src/providers/image/host-sources.ts";
import { run } from "../../src/providers/process.ts";

/** Where trees are kept between runs. */
export const TREE_CACHE = join(process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"), "apps");

/**
 * An application as Debian packages it, unpacked and not installed, with the architecture-independent packages it needs
 * (its symlinks lead into them). Answers the root of the unpacked file system. Cached by suite and names.
 */
export async function debianApp(suite: Suite, packages: readonly string[]): Promise<string> {
  const root = join(TREE_CACHE, suite, packages.join("+"));
  if ((await readdir(root).catch(() => [])).length > 0) return root;
  const apt = await prepareApt(join(TREE_CACHE, "apt"), suite, await hostSources(process.env["HOWDAH_DEBIAN_MIRROR"]), "apps");
  await updateIndexes(apt, suite);
  const uris = await printUris(apt, packages, suite);
  const names = [...uris.matchAll(/^'[^']+' ([^ ]+)_([^_ ]+)_all\.deb/gm)].map((match) => match[1] ?? "");
  // perl, python and java come along as dependencies and are never part of a PHP application's tree.
  const wanted = names.filter(
    (name) =>
      packages.includes(name) ||
      !/^(perl|python3?|java|ca-certificates-java|fonts-|dictionaries|tzdata|debconf|ucf|mysql|mariadb|apache2|iso-codes|init-system|media-types|sensible|netbase)/.test(
        name,
      ),
  );
  const temporary = `${root}.${String(process.pid)}`;
  await mkdir(join(temporary, ".debs"), { recursive: true });
  await run(["apt-get", "-c", apt.config, "download", ...wanted], { cwd: join(temporary, ".debs") });
  for (const deb of await readdir(join(temporary, ".debs"))) await run(["dpkg-deb", "-x", join(temporary, ".debs", deb), temporary]);
  await rm(join(temporary, ".debs"), { recursive: true });
  await rm(root, { recursive: true, force: true });
  await mkdir(join(root, ".."), { recursive: true });
  await rename(temporary, root);
  return root;
}
