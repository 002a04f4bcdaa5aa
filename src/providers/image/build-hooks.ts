import { randomBytes } from "node:crypto";
import { access, chown, mkdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { builderOf } from "../../catalog/builder-requests.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT, RUN_AS } from "../../kernel/label.ts";
import { run } from "../process.ts";

/** What build hooks run with. */
export interface HookRun {
  /** The copy of the tree that they change. */
  readonly directory: string;
  /** Kept between builds of the same site: composer's and npm's downloads. */
  readonly cache: string;
  readonly images: { readonly php: string | undefined; readonly node: string | undefined };
  readonly environment: Readonly<Record<string, string>>;
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs build hooks one after the other, each in a container of its own over the copy of the tree, as the user that sites run as, without
 * capabilities and with nothing writable but the tree, the cache and /tmp. What they print is streamed.
 * Errors: `image/build-hook-failed` with the hook's last 100 lines.
 */
export async function runBuildHooks(hooks: readonly (readonly string[])[], work: HookRun): Promise<void> {
  for (const name of ["composer", "npm", "home"]) {
    await mkdir(join(work.cache, name), { recursive: true });
    await chown(join(work.cache, name), RUN_AS, RUN_AS);
  }
  await utimes(work.cache, new Date(), new Date()); // pruning goes by when it was used
  const trusted = await access(CERTIFICATES).then(
    () => true,
    () => false,
  );
  for (const [index, argv] of hooks.entries()) await runHook(argv, index, { ...work, trusted });
}

/** The authorities that the machine trusts: hooks fetch from the registries that the machine reaches, through its proxies. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

const missingProgram =
  "The builder lacks a program that the hook starts. composer and php are in one builder, node and npm in the other: make one hook for each; " +
  "`spec.runtime.packages` adds Debian packages.";

interface TrustedRun extends HookRun {
  readonly trusted: boolean;
}

async function runHook(argv: readonly string[], index: number, work: TrustedRun): Promise<void> {
  const id = `build/hook-${index + 1}`;
  const words = argv.join(" ");
  const image = work.images[builderOf(argv)];
  if (image === undefined) throw new HowdahError("image/build-hook-failed", `There is no builder for the hook ${words}`);
  work.emit({ type: "task-started", id, title: `Build hook: ${words}` });
  const name = `howdah-build-${randomBytes(6).toString("hex")}`;
  try {
    const ran = await run(hookCommand(name, image, argv, work), {
      signal: work.signal,
      accept: "any",
      onLine: (line) => work.emit({ type: "output", id, line }),
    });
    if (ran.code !== 0) {
      const full = ran.lastLines.some((line) => /no space left on device|ENOSPC/i.test(line));
      throw full
        ? new HowdahError("machine/disk-full", `No space left while the build hook ran: ${words}`, { output: ran.lastLines })
        : new HowdahError("image/build-hook-failed", `The build hook ended with exit code ${ran.code}: ${words}`, {
            output: ran.lastLines,
            ...(ran.code === 127 || ran.code === 126 ? { hint: missingProgram } : {}),
          });
    }
    work.emit({ type: "task-done", id, outcome: "changed" });
  } catch (error) {
    if (error instanceof HowdahError) work.emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  } finally {
    // a stopped client leaves its container behind
    if (work.signal?.aborted) await run(["podman", "rm", "--force", "--time=0", "--ignore", "--", name], { accept: "any" });
  }
}

function hookCommand(name: string, image: string, argv: readonly string[], work: TrustedRun): readonly string[] {
  const environment: Readonly<Record<string, string>> = {
    CI: "1",
    COMPOSER_CACHE_DIR: "/cache/composer",
    COMPOSER_HOME: "/cache/home/composer",
    COMPOSER_NO_INTERACTION: "1",
    HOME: "/cache/home",
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
    npm_config_cache: "/cache/npm",
    npm_config_update_notifier: "false",
    ...work.environment,
  };
  const [program = "", ...args] = argv;
  return [
    "podman",
    "run",
    "--rm",
    `--name=${name}`,
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--network=host",
    `--user=${RUN_AS}:${RUN_AS}`,
    `--workdir=${CODE_ROOT}`,
    `--volume=${work.directory}:${CODE_ROOT}`,
    `--volume=${work.cache}:/cache`,
    ...(work.trusted ? [`--volume=${CERTIFICATES}:${CERTIFICATES}:ro`] : []),
    ...Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
    `--entrypoint=${JSON.stringify([program])}`,
    image,
    ...args,
  ];
}
