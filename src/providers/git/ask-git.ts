import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../process.ts";

const PATIENCE_MS = 5000;

/**
 * What git answers about a tree. Undefined when the tree is in no repository, git is not installed, or it does not answer within five seconds.
 * A repository's own configuration may name programs, so git runs with the rights of the repository's owner and never with more.
 */
export async function askGit(directory: string, question: readonly string[]): Promise<string | undefined> {
  const repository = await repositoryOf(directory);
  if (repository === undefined) return undefined;
  const { uid, gid } = repository;
  const asOwner = uid === 0 ? [] : ["setpriv", `--reuid=${String(uid)}`, `--regid=${String(gid)}`, "--clear-groups", "--"];
  const git = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", directory];
  const env = {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const ran = await run([...asOwner, ...git, ...question], { env, accept: "any", timeoutMs: PATIENCE_MS }).catch(() => undefined);
  return ran?.code === 0 ? ran.stdout : undefined;
}

/** The owner of the nearest `.git` above. */
async function repositoryOf(directory: string): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found !== undefined) return found;
    if (dirname(at) === at) return undefined;
  }
}
