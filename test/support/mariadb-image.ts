import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { getuid } from "node:process";
import type { MariadbVersion } from "../../src/catalog/mariadb-versions.ts";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";

/**
 * The database image of a version, built with the checkout's own programs; undefined where podman or root is missing, so that
 * tests can skip.
 */
export async function mariadbImage(version: MariadbVersion): Promise<string | undefined> {
  if (getuid?.() !== 0 || spawnSync("podman", ["--version"]).status !== 0) return undefined;
  const cacheDir = process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah");
  const mirror = process.env["HOWDAH_DEBIAN_MIRROR"];
  const builder = await createImageBuilder({ cacheDir, entrypointDir: resolve("src/entrypoint"), mirror });
  const request = { kind: "mariadb", version } as const;
  const lock = await builder.lock({ images: [request] }, () => {});
  return (await builder.ensureBase(request, lock, () => {})).reference;
}
