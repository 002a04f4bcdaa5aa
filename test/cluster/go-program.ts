import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withFileLock } from "../../src/providers/file-lock.ts";
import { run } from "../../src/providers/process.ts";
import { findGo } from "./go-toolchain.ts";

/** A program that is built from a Go module with pinned versions. */
export interface GoProgram {
  /** Name of the binary. */
  readonly name: string;
  /** Directory of the module: go.mod, go.sum and, unless `package` names a program of a dependency, its main package. */
  readonly module: string;
  /** A main package of a dependency that go.mod pins (a `tool` line); left out: the module's own. */
  readonly package?: string;
  /** Variables of the linker, `-X` each: version numbers mostly. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Built without C, for an image that holds nothing else. Default: as Go chooses. */
  readonly static?: boolean;
}

/** Kubernetes takes 6 minutes on two idle cores; another build may come first, and the machine may be busy. */
const WAIT_FOR_OTHER_BUILD_MS = 3_600_000;

/**
 * The binary's path in the cache, `CACHE/bin/HASH/NAME`; built when no build of the same sources, versions and compiler is there. One build
 * at a time on the machine, at low priority: Go takes all cores and gigabytes of memory by itself. Older builds of the same program go.
 */
export async function buildGoProgram(program: GoProgram, cache: string, say: (line: string) => void): Promise<string> {
  const toolchain = await findGo(cache, say);
  const target = join(cache, "bin", await hashOf(program, toolchain.version), program.name);
  if (await exists(target)) return target;
  await mkdir(cache, { recursive: true });
  return await withFileLock(join(cache, "go-build.lock"), () => build(program, toolchain.go, target, say), WAIT_FOR_OTHER_BUILD_MS);
}

async function build(program: GoProgram, go: string, target: string, say: (line: string) => void): Promise<string> {
  if (await exists(target)) return target; // the one that we waited for
  const started = performance.now();
  say(`Building ${program.name} (minutes when it is the first time)`);
  const partial = `${target}.partial`;
  await mkdir(dirname(target), { recursive: true });
  const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ["-buildvcs=false", "-trimpath", "-mod=readonly", "-ldflags", ["-s", "-w", ...variables].join(" ")];
  await run(["nice", "-n", "10", go, "build", ...flags, "-o", partial, program.package ?? "."], {
    cwd: program.module,
    env: { ...ownEnvironment(), ...(program.static === true ? { CGO_ENABLED: "0" } : {}) },
    onLine: (line) => {
      if (!line.startsWith("go: downloading")) say(line);
    },
  });
  await rename(partial, target);
  say(`Built ${program.name} in ${String(Math.round((performance.now() - started) / 1000))} s`);
  await removeOlder(program.name, target);
  return target;
}

/** Sources, pinned versions, compiler and options: what decides the bytes. */
async function hashOf(program: GoProgram, version: string): Promise<string> {
  const { module: directory, ...options } = program;
  const hash = createHash("sha256").update(JSON.stringify({ ...options, version, arch: process.arch }));
  const files = (await readdir(directory)).filter((name) => /^go\.(mod|sum)$|\.go$/.test(name)).sort();
  for (const name of files) hash.update(`${name}\0`).update(await readFile(join(directory, name)));
  return hash.digest("hex").slice(0, 16);
}

async function removeOlder(name: string, kept: string): Promise<void> {
  const bin = dirname(dirname(kept));
  for (const hash of await readdir(bin)) {
    if (hash === basename(dirname(kept)) || !(await exists(join(bin, hash, name)))) continue;
    await rm(join(bin, hash), { recursive: true, force: true });
  }
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
