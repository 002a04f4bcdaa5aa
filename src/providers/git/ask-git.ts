import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../process.ts";

const PATIENCE_MS = 5000;
/** A tree of a hundred thousand files on a slow disk is read once by then. */
const LONG_PATIENCE_MS = 120_000;

/** What git answers about a tree. Undefined when the tree is in no repository, git is not installed, or it does not answer within five seconds. */
export async function askGit(directory: string, question: readonly string[]): Promise<string | undefined> {
  return ask(directory, question, PATIENCE_MS).catch(() => undefined);
}

/** The same for what must not be guessed: undefined only when the tree is in no repository. Errors: `machine/tool-missing`, `machine/tool-failed`. */
export async function mustAskGit(directory: string, question: readonly string[]): Promise<string | undefined> {
  return ask(directory, question, LONG_PATIENCE_MS);
}

/**
 * A repository's own configuration may name programs, so git runs with the rights of the repository's owner and never with more.
 */
async function ask(directory: string, question: readonly string[], timeoutMs: number): Promise<string | undefined> {
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
  return (await run([...asOwner, ...git, ...question], { env, timeoutMs })).stdout;
}

/** The owner of the nearest `.git` above. */
async function repositoryOf(directory: string): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found !== undefined) return found;
    if (dirname(at) === at) return undefined;
  }
}
