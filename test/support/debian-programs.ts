import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Programs unpacked from Debian packages into a directory of their own: nothing is installed on the machine. */
export interface DebianPrograms {
  readonly root: string;
  /** Environment in which the programs find their libraries. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** Downloads packages with the machine's apt and unpacks them; undefined where that can't be done (no apt, no mirror). */
export async function debianPrograms(packages: readonly string[]): Promise<DebianPrograms | undefined> {
  const base = await mkdtemp(join(tmpdir(), "howdah-debs-"));
  const root = join(base, "root");
  const remove = () => rm(base, { recursive: true, force: true });
  try {
    await mkdir(root);
    await run("apt-get", ["download", "-q", ...packages], { cwd: base, timeout: 300_000 });
    for (const name of await readdir(base)) if (name.endsWith(".deb")) await run("dpkg", ["-x", join(base, name), root]);
  } catch {
    await remove();
    return undefined;
  }
  const libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"].map((path) => join(root, path));
  return { root, env: { LD_LIBRARY_PATH: libraries.join(":"), PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }, remove };
}
