import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BaseRequest } from "../../src/catalog/image-recipes.ts";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";
import type { SiteImages } from "../../src/providers/image-builder.ts";
import { hiddenPaths } from "../../src/render/nginx/protected-names.ts";
import { debianApp } from "../../test/support/debian-app.ts";

/** What making a site's images took, from its tree to both images in the storage. */
export interface ChangeTime {
  readonly what: string;
  /** Seconds, the median. */
  readonly seconds: number;
  /** CPU seconds of this process and of every podman process that it waited for, the median. */
  readonly cpuSeconds: number;
  readonly runs: number;
}

const SITE = "t-bench-change";
const PHP: BaseRequest = {
  kind: "php",
  version: "8.4",
  extensions: "curl dom exif gd intl mbstring mysqli xml zip".split(" "),
  flavour: "slim",
  packages: [],
};
const NGINX: BaseRequest = { kind: "nginx", modules: ["brotli"] };

/**
 * WordPress of Debian 13 (3,000 files, 60 MB) on its bases: from nothing but the cached compressed copies, unchanged, and with one line changed in
 * a script and in a style sheet, `rounds` times each.
 */
export async function oneLineChange(rounds: number): Promise<readonly ChangeTime[]> {
  const builder = await createImageBuilder({
    cacheDir: process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"),
    entrypointDir: resolve("src/entrypoint"),
    mirror: process.env["HOWDAH_DEBIAN_MIRROR"],
  });
  const quiet = (): void => undefined;
  const lock = await builder.lock({ images: [PHP, NGINX] }, quiet);
  const [php, web] = [await builder.ensureBase(PHP, lock, quiet), await builder.ensureBase(NGINX, lock, quiet)];
  const root = await mkdtemp(join(tmpdir(), "howdah-change-"));
  const debian = await debianApp("trixie", ["wordpress", "wordpress-theme-twentytwentyfive"]);
  await cp(debian, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const source = join(root, "usr/share/wordpress");
  const build = (): Promise<SiteImages> =>
    builder.ensureSite(
      {
        site: SITE,
        web: web.reference,
        php: php.reference,
        source,
        followInto: ["/usr/share", "/etc"],
        systemRoot: root,
        ignore: [],
        configuration: [],
        hooks: [],
        builder: { kind: "node-builder", version: "20" },
        node: "20",
        served: { locations: [{ path: "/", directory: ".", serves: "public" }], hidden: hiddenPaths([]), mounts: ["wp-content/uploads"] },
        seeds: ["wp-content/uploads"],
      },
      lock,
      quiet,
    );
  const touch = async (file: string, line: (round: number) => string, round: number): Promise<void> => {
    const path = join(source, file);
    await writeFile(path, `${(await readFile(path, "utf8")).trimEnd()}\n${line(round)}\n`);
  };
  try {
    await build(); // texts are compressed once for each content
    await forget(builder);
    return [
      await timed("from nothing", 1, build),
      await timed("unchanged", rounds, build),
      await timed("one line of a theme's script", rounds, build, (round) =>
        touch("wp-content/themes/twentytwentyfive/functions.php", (n) => `// ${n} ${Date.now()}`, round),
      ),
      await timed("one line of WordPress' own script", rounds, build, (round) =>
        touch("wp-includes/version.php", (n) => `// ${n} ${Date.now()}`, round),
      ),
      await timed("one line of a style sheet of its core", rounds, build, (round) =>
        touch("wp-includes/css/editor.css", (n) => `/* ${n} ${Date.now()} */`, round),
      ),
    ];
  } finally {
    await forget(builder);
    await rm(root, { recursive: true, force: true });
  }
}

async function forget(builder: Awaited<ReturnType<typeof createImageBuilder>>): Promise<void> {
  const made = (await builder.list()).filter((image) => image.site === SITE).map((image) => image.reference);
  await builder.remove(made);
}

async function timed(
  what: string,
  runs: number,
  work: () => Promise<unknown>,
  before?: (round: number) => Promise<void>,
): Promise<ChangeTime> {
  const times: number[] = [];
  const cpus: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    await before?.(round);
    const [started, used] = [performance.now(), await cpuSeconds()];
    await work();
    times.push((performance.now() - started) / 1000);
    cpus.push((await cpuSeconds()) - used);
  }
  return { what, seconds: median(times), cpuSeconds: median(cpus), runs };
}

/** User and system time of this process and its ended children, from fields 14 to 17 of its `stat`, in ticks of 10 ms. */
async function cpuSeconds(): Promise<number> {
  const stat = await readFile("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
