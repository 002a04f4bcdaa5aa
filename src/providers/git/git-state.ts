import { askGit, mustAskGit } from "./ask-git.ts";

/** A tree's place in version control. */
export interface GitState {
  readonly commit: string;
  /** Null on a detached head. */
  readonly branch: string | null;
  /** Files differ from the commit. */
  readonly dirty: boolean;
}

/**
 * Where a tree is in version control. Null when it is in none, or git can't say within five seconds: a release's record is not worth
 * waiting for. `exact` is for what will be signed: git has its time, looks into submodules, and null means that there is no version control or no
 * commit yet. Errors, then only: `machine/tool-missing`, `machine/tool-failed`.
 */
export async function gitState(directory: string, { exact = false }: { readonly exact?: boolean } = {}): Promise<GitState | null> {
  const submodules = `--ignore-submodules=${exact ? "none" : "all"}`;
  const question = ["status", "--porcelain=v2", "--branch", "--untracked-files=normal", submodules, "--", "."];
  const said = await (exact ? mustAskGit : askGit)(directory, question);
  return said === undefined ? null : parseGitStatus(said);
}

/** The tags of the commit that the tree is at, sorted; none when git can't say. */
export async function gitTags(directory: string): Promise<readonly string[]> {
  const said = await askGit(directory, ["for-each-ref", "--points-at=HEAD", "--format=%(refname:strip=2)", "--", "refs/tags"]);
  return (said ?? "").split("\n").filter((line) => line !== "");
}

/** The address that a repository was cloned from, for the provenance of what is built from it; null when it names no host, or git can't say. */
export async function gitRemote(directory: string): Promise<string | null> {
  return parseRemote(((await askGit(directory, ["config", "--get", "remote.origin.url"])) ?? "").trim());
}

/** An address as a URL (`git+https://…`, `git+ssh://…`), without user, password, query and fragment; null for a path of this machine. */
export function parseRemote(address: string): string | null {
  const scp = /^(?:[^@/:]+@)?([A-Za-z0-9.-]+):(?!\/\/)\/?([^:]+)$/.exec(address);
  const text = scp === null ? address : `ssh://${scp[1] ?? ""}/${scp[2] ?? ""}`;
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (!/^(https?|ssh|git):$/.test(url.protocol) || url.hostname === "") return null;
  return `git+${url.protocol}//${url.host}${url.pathname}`;
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
