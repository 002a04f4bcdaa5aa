import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";
import { emptyLock, parseLock } from "../../src/providers/image-lock.ts";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { type RegistryRig, registryRig } from "../../test/support/registry-rig.ts";

/** One way to bring both images of a site to a registry. */
interface Way {
  /** From the command to its end, images included, in seconds. */
  readonly seconds: number;
  /** The push alone. */
  readonly pushSeconds: number;
  /** Bodies of requests, counted before the registry. */
  readonly bytes: number;
  readonly requests: number;
}

/** A one-line change of WordPress, pushed; medians. */
export interface PushTimes {
  readonly howdah: Way;
  readonly common: Way;
  /** How many times Howdah is faster, from the command to its end. */
  readonly ratio: number;
  /** Howdah's own count of the last round, in bytes. */
  readonly layers: { readonly sent: number; readonly existing: number; readonly mounted: number };
}

const NAME = "bench-push";

/**
 * WordPress of Debian 13, one changed line in a theme, brought to Debian's docker-registry behind nginx with TLS and a password, in turns:
 * `howdah build --push`, and `buildah bud` with a good Dockerfile (large directories in layers of their own, cached) with `buildah push`, for
 * both images on the same bases.
 */
export async function pushTimes(rounds: number, say: (line: string) => void): Promise<PushTimes> {
  const rig = await registryRig();
  if (rig === undefined) throw new Error("Debian's docker-registry can't be had");
  const machine = await howdahMachine(NAME, 18_494);
  const directory = await mkdtemp(join(tmpdir(), "howdah-bench-push-"));
  try {
    const cacheDir = process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah");
    Object.assign(machine.environment, { HOME: rig.home, HOWDAH_CACHE_DIR: cacheDir });
    const code = join(await machine.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive"), "usr/share/wordpress");
    await machine.ok("init", code, "--yes", "--name", NAME);
    const layers = { sent: 0, existing: 0, mounted: 0 };
    const ours = async (tag: string): Promise<number> => {
      const said = await machine.ok("build", code, "--push", "--to", `${rig.host}/howdah/site`, "--tag", tag, "--output", "json");
      Object.assign(layers, { sent: 0, existing: 0, mounted: 0 });
      for (const { bytes } of (JSON.parse(said.stdout) as { pushed: readonly { bytes: typeof layers }[] }).pushed)
        for (const kind of ["sent", "existing", "mounted"] as const) layers[kind] += bytes[kind];
      return pushSeconds(said.stderr);
    };
    await ours("first");
    const theirs = await commonPush(code, directory, cacheDir, rig);
    await theirs("first");
    const found: Record<"howdah" | "common", Way[]> = { howdah: [], common: [] };
    for (let round = 1; round <= rounds; round += 1) {
      const path = join(code, "wp-content/themes/twentytwentyfive/functions.php");
      await writeFile(path, `${(await readFile(path, "utf8")).trimEnd()}\n// ${String(round)} ${String(Date.now())}\n`);
      for (const [name, work] of [
        ["howdah", ours],
        ["common", theirs],
      ] as const) {
        rig.proxy.seen.length = 0;
        const started = performance.now();
        const alone = await work(`round-${String(round)}`);
        const seconds = (performance.now() - started) / 1000;
        const bytes = rig.proxy.seen.reduce((sum, request) => sum + request.bytes, 0);
        found[name].push({ seconds, pushSeconds: alone, bytes, requests: rig.proxy.seen.length });
        say(`round ${String(round)}: ${name} ${seconds.toFixed(2)} s, push ${alone.toFixed(2)} s, ${String(bytes)} bytes`);
      }
    }
    const [howdah, common] = [middle(found.howdah), middle(found.common)];
    return { howdah, common, ratio: common.seconds / howdah.seconds, layers };
  } finally {
    await tidy(machine, rig, directory);
  }
}

/** `buildah bud` and `buildah push` of both images; answers the seconds of the pushes. */
async function commonPush(code: string, directory: string, cacheDir: string, rig: RegistryRig): Promise<(tag: string) => Promise<number>> {
  const lock = parseLock(await readFile(join(code, "howdah.lock"), "utf8")).lock ?? emptyLock;
  const builder = await createImageBuilder({
    cacheDir,
    entrypointDir: resolve("src/entrypoint"),
    mirror: process.env["HOWDAH_DEBIAN_MIRROR"],
  });
  const directories = (await readdir(code, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const copies = directories.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => `COPY ${name} /srv/web/${name}`);
  for (const kind of ["php", "nginx"] as const) {
    const request = lock.images.findLast((image) => image.request.kind === kind)?.request;
    if (request === undefined) throw new Error(`the lock has no ${kind}`);
    const { reference } = await builder.ensureBase(request, lock, () => undefined);
    await writeFile(join(directory, kind), [`FROM ${reference}`, ...copies, "COPY *.php *.html /srv/web/", ""].join("\n"));
  }
  return async (tag) => {
    let seconds = 0;
    for (const kind of ["php", "nginx"]) {
      const image = `localhost/${NAME}-${kind}:latest`;
      await run(["buildah", "bud", "--layers", "--pull-never", "--quiet", "--tag", image, "--file", join(directory, kind), code]);
      const started = performance.now();
      const trust = ["--authfile", rig.authFile, "--cert-dir", join(rig.home, ".config/containers/certs.d", rig.host)];
      await run(["buildah", "push", "--quiet", ...trust, image, `docker://${rig.host}/common/${kind}:${tag}`]);
      seconds += (performance.now() - started) / 1000;
    }
    return seconds;
  };
}

async function tidy(machine: HowdahMachine, rig: RegistryRig, directory: string): Promise<void> {
  const { stdout } = await run(["podman", "images", "--format", "{{.Repository}}:{{.Tag}}"]);
  const ours = stdout
    .split("\n")
    .filter((name) => name.startsWith(`localhost/${NAME}-`) || (name.startsWith("localhost/howdah/") && name.includes(`/site-${NAME}-`)));
  for (const name of ours) await run(["podman", "rmi", "--force", "--", name], { accept: "any" });
  await machine.remove();
  await rig.remove();
  await rm(directory, { recursive: true, force: true });
}

/** What the events on stderr say about the pushes. */
function pushSeconds(stderr: string): number {
  const events = stderr
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly time: string; readonly type: string; readonly id?: string })
    .filter(({ id }) => id?.startsWith("push/") === true);
  const times = (type: string): number =>
    events.filter((event) => event.type === type).reduce((sum, { time }) => sum + Date.parse(time), 0);
  return (times("task-done") - times("task-started")) / 1000;
}

function middle(ways: readonly Way[]): Way {
  const of = (field: keyof Way): number => ways.map((way) => way[field]).toSorted((a, b) => a - b)[Math.floor(ways.length / 2)] ?? 0;
  return { seconds: of("seconds"), pushSeconds: of("pushSeconds"), bytes: of("bytes"), requests: of("requests") };
}
