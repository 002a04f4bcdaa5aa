import { chown, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProcessAlive, processIdentity } from "../../host/process-identity.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { mustAskGit } from "./ask-git.ts";

/** A commit of a repository, and the top of the work tree that was asked. */
export interface FoundCommit {
  readonly commit: string;
  /** The branch that was named; null for a commit. */
  readonly branch: string | null;
  readonly top: string;
}

/** Which commit is meant. */
export type WantedCommit = { readonly branch: string } | { readonly commit: string };

/** Trees of commits that are not checked out. */
export interface Worktrees {
  /**
   * The commit that a person means: the newest of a branch here, else of the one of that name at `origin` as it was last fetched; or a commit itself.
   * Error: `usage/invalid` when there is no repository or none of that name.
   */
  find(directory: string, wanted: WantedCommit): Promise<FoundCommit>;
  /** Puts a commit's files into a directory of its own for as long as `work` needs them. */
  within<T>(found: Pick<FoundCommit, "commit" | "top">, work: (directory: string) => Promise<T>): Promise<T>;
  /** Takes away what processes left that were killed in between. Answers how many there were. */
  sweep(): Promise<number>;
}

/** Git's own worktrees, made with the rights of the repository's owner: nothing of the repository's configuration runs with more. */
export const gitWorktrees: Worktrees = { find: findCommit, within: withinWorktree, sweep: removeDead };

/** Names a directory by its process: `howdah-worktree-PID-START.RANDOM`. */
const PREFIX = "howdah-worktree-";

async function findCommit(directory: string, wanted: WantedCommit): Promise<FoundCommit> {
  const top = (await mustAskGit(directory, ["rev-parse", "--show-toplevel"]).catch(() => undefined))?.trim();
  if (top === undefined || top === "")
    throw new HowdahError("usage/invalid", `${directory} lies in no git repository, so there is no branch to take`);
  const names = "branch" in wanted ? [`refs/heads/${wanted.branch}`, `refs/remotes/origin/${wanted.branch}`] : [named(wanted.commit)];
  for (const name of names) {
    const question = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
    const said = await mustAskGit(directory, question).catch(() => "");
    const commit = (said ?? "").trim().split("\n").at(-1) ?? "";
    if (/^[0-9a-f]{40,64}$/.test(commit)) return { commit, top, branch: "branch" in wanted ? wanted.branch : null };
  }
  const what = "branch" in wanted ? `branch ${JSON.stringify(wanted.branch)}` : `commit ${JSON.stringify(wanted.commit)}`;
  throw new HowdahError("usage/invalid", `${top} has no ${what}`, {
    hint: "`git fetch` brings what others pushed; `git branch --all` lists branches.",
  });
}

function named(commit: string): string {
  if (/^[0-9A-Za-z][0-9A-Za-z._/-]{0,200}$/.test(commit)) return commit;
  throw new HowdahError("usage/invalid", `${JSON.stringify(commit)} is no commit`);
}

async function withinWorktree<T>(
  { commit, top }: Pick<FoundCommit, "commit" | "top">,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  await removeDead();
  const place = await mkdtemp(join(tmpdir(), `${PREFIX}${await processIdentity()}.`));
  const { uid, gid } = await stat(join(top, ".git"));
  await chown(place, uid, gid);
  const directory = join(place, "tree");
  try {
    await mustAskGit(top, ["worktree", "add", "--detach", directory, commit]);
    return await work(directory);
  } finally {
    await mustAskGit(top, ["worktree", "remove", "--force", directory]).catch(() => undefined);
    await rm(place, { recursive: true, force: true });
    await mustAskGit(top, ["worktree", "prune"]).catch(() => undefined); // of those whose process was killed, too
  }
}

/** A whole tree of a site each. What belongs to a living process stays, and what somebody else made of another name. */
async function removeDead(): Promise<number> {
  let swept = 0;
  for (const name of await readdir(tmpdir())) {
    const [owner = ""] = name.slice(PREFIX.length).split(".");
    if (!name.startsWith(PREFIX) || (await isProcessAlive(owner))) continue;
    const gone = await rm(join(tmpdir(), name), { recursive: true, force: true }).then(
      () => true,
      () => false, // another process took it away at the same time
    );
    if (gone) swept += 1;
  }
  return swept;
}
