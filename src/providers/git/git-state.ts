import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../process.ts";

/** A tree's place in version control. */
export interface GitState {
  readonly commit: string;
  /** Null on a detached head. */
  readonly branch: string | null;
  /** Files differ from the commit. */
  readonly dirty: boolean;
}

const PATIENCE_MS = 5000;

/**
 * Where a tree is in version control. Null when it is in none, when git is not installed, or when it does not answer within five seconds:
 * a release's record is not worth waiting for. A repository's own configuration may name programs, so git runs with the rights of the
 * repository's owner and never with more.
 */
export async function gitState(directory: string): Promise<GitState | null> {
  const repository = await repositoryOf(directory);
  if (repository === undefined) return null;
  const { uid, gid } = repository;
  const asOwner = uid === 0 ? [] : ["setpriv", `--reuid=${String(uid)}`, `--regid=${String(gid)}`, "--clear-groups", "--"];
  const git = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", directory];
  const argv = [...asOwner, ...git, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--ignore-submodules", "--", "."];
  const env = {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const ran = await run(argv, { env, accept: "any", timeoutMs: PATIENCE_MS }).catch(() => undefined);
  return ran === undefined || ran.code !== 0 ? null : parseGitStatus(ran.stdout);
}

/** Reads `git status --porcelain=v2 --branch`; null before the first commit. */
export function parseGitStatus(text: string): GitState | null {
  const lines = text.split("\n").filter((line) => line !== "");
  const header = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`# branch.${name} `))?.slice(`# branch.${name} `.length);
  const commit = header("oid") ?? "";
  const head = header("head") ?? "(detached)";
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return null;
  return { commit, branch: head === "(detached)" ? null : head, dirty: lines.some((line) => !line.startsWith("#")) };
}

/** The owner of the nearest `.git` above. */
async function repositoryOf(directory: string): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found !== undefined) return found;
    if (dirname(at) === at) return undefined;
  }
}
