import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Suite } from "../../catalog/debian-suites.ts";
import { writeAtomically } from "../../host/write-atomically.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { programFailure, type Ran, run } from "../process.ts";
import { type DebianSources, sourcesFor } from "./apt-sources.ts";

/** apt with directories of its own: it neither sees nor changes what is installed on the host. */
export interface AptWorkspace {
  /** The `-c` file. */
  readonly config: string;
  readonly statusFile: string;
}

/** Makes apt's private directories below `directory` for one suite. */
export async function prepareApt(directory: string, suite: Suite, sources: DebianSources, statusName: string): Promise<AptWorkspace> {
  const root = join(directory, suite);
  for (const part of ["lists/partial", "archives/partial", "etc/empty.d", "status"]) await mkdir(join(root, part), { recursive: true });
  const statusFile = join(root, "status", statusName);
  const config = join(root, "etc", `${statusName}.conf`);
  await writeFile(statusFile, "", { flag: "a" });
  await writeShared(join(root, "etc", "debian.sources"), sourcesFor(suite, sources));
  await writeShared(config, aptConfig(root, statusFile));
  return { config, statusFile };
}

/**
 * Files that every Howdah of the machine writes alike, while apt of another may be reading them: never a moment without their content. apt that found
 * the sources empty took all indexes away, and "Debian has no package nginx" was what others then read.
 */
export async function writeShared(path: string, text: string): Promise<void> {
  const there = await readFile(path, "utf8").catch(() => undefined);
  if (there !== text) await writeAtomically(path, text, { mode: 0o644 });
}

function aptConfig(root: string, statusFile: string): string {
  const settings: readonly (readonly [string, string])[] = [
    ["Dir::State", root],
    ["Dir::State::lists", join(root, "lists")],
    ["Dir::State::status", statusFile],
    ["Dir::State::extended_states", join(root, "extended_states")],
    ["Dir::Cache", root],
    ["Dir::Cache::archives", join(root, "archives")],
    ["Dir::Cache::pkgcache", ""],
    ["Dir::Cache::srcpkgcache", ""],
    ["Dir::Etc::sourcelist", join(root, "etc", "debian.sources")],
    ["Dir::Etc::sourceparts", join(root, "etc", "empty.d")],
    ["Dir::Etc::preferences", join(root, "etc", "none")],
    ["Dir::Etc::preferencesparts", join(root, "etc", "empty.d")],
    ["APT::Install-Recommends", "false"],
    ["APT::Install-Suggests", "false"],
    ["APT::Get::Remove", "false"],
    ["Acquire::Languages", "none"],
    ["Acquire::ForceHash", "SHA256"],
    ["Acquire::Retries", "3"],
    ["APT::Sandbox::User", "root"],
    ["Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false"],
    ["Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled", "false"],
  ];
  return settings.map(([name, value]) => `${name} ${JSON.stringify(value)};\n`).join("");
}

/** Fetches the package indexes. Waits for another Howdah that is doing the same. Errors: `image/source-unreachable`. */
export async function updateIndexes(apt: AptWorkspace, suite: Suite, signal?: AbortSignal): Promise<void> {
  const argv = ["apt-get", "-c", apt.config, "-o", "APT::Update::Error-Mode=any", "update"];
  for (let attempt = 0; ; attempt += 1) {
    const ran = await inPlainEnglish(argv, signal);
    if (ran.code === 0) return;
    if (attempt >= 60 || !ran.lastLines.some((line) => line.includes("Could not get lock"))) throw unreachableSource(argv, ran, suite);
    await setTimeout(1000, undefined, { ...(signal === undefined ? {} : { signal }) });
  }
}

function unreachableSource(argv: readonly string[], ran: Ran, suite: Suite): HowdahError {
  const failure = programFailure(argv, ran);
  if (failure.code === "machine/disk-full") return failure;
  const words = ran.lastLines.filter((line) => /^(E|W|Err):?/.test(line));
  return new HowdahError("image/source-unreachable", `The package index of Debian ${suite} can't be fetched`, {
    output: words.length > 0 ? words : ran.lastLines,
  });
}

/** Prints the addresses of everything an installation would fetch. Errors: `image/package-unknown` naming what Debian does not have. */
export async function printUris(apt: AptWorkspace, install: readonly string[], suite: Suite, signal?: AbortSignal): Promise<string> {
  const argv = ["apt-get", "-c", apt.config, "--print-uris", "-y", "install", "--", ...install];
  const ran = await inPlainEnglish(argv, signal);
  if (ran.code === 0) return ran.stdout;
  const missing = ran.lastLines.flatMap((line) => {
    const found = /Unable to locate package (\S+)|Package '?([^\s']+)'? has no installation candidate/.exec(line);
    return found === null ? [] : [found[1] ?? found[2] ?? ""];
  });
  if (missing.length > 0) {
    throw new HowdahError("image/package-unknown", `Debian ${suite} has no package ${missing.join(", ")}`, { output: ran.lastLines });
  }
  const failure = programFailure(argv, ran);
  if (failure.code === "machine/disk-full") throw failure;
  throw new HowdahError("image/package-unknown", `Debian ${suite} can't install together what the site asks for`, {
    output: ran.lastLines.slice(ran.lastLines.findIndex((line) => line.startsWith("The following packages have unmet")) + 1),
    hint: "Extensions or packages exclude each other, as the lines above say: leave one of them out.",
  });
}

/** Runs apt with messages that can be read by a program, and the host's environment otherwise (it may name a proxy). */
async function inPlainEnglish(argv: readonly string[], signal: AbortSignal | undefined): Promise<Ran> {
  const ran = await run(["env", "LC_ALL=C", ...argv], { signal, accept: "any" });
  if (ran.code === 127) throw new HowdahError("machine/tool-missing", `${argv[0]} is not installed`, { output: ran.lastLines });
  return ran;
}
