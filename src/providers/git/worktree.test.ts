import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run } from "../process.ts";
import { gitWorktrees } from "./worktree.ts";

let directory: string;
const git = async (...argv: readonly string[]): Promise<string> => {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"];
  return (await run(["git", ...identity, "-C", directory, ...argv])).stdout.trim();
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-git-"));
  await git("init", "--quiet");
  await writeFile(join(directory, "page"), "one");
  await git("add", "page");
  await git("commit", "--quiet", "-m", "one");
  await git("checkout", "--quiet", "-b", "feature/x");
  await writeFile(join(directory, "page"), "two");
  await git("commit", "--quiet", "-a", "-m", "two");
  await git("checkout", "--quiet", "main");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

it("shows a branch's files without touching what is checked out, and leaves nothing", async () => {
  const found = await gitWorktrees.find(directory, { branch: "feature/x" });
  expect(found).toEqual({ commit: await git("rev-parse", "feature/x"), branch: "feature/x", top: directory });
  let place = "";
  const page = await gitWorktrees.within(found, (tree) => {
    place = tree;
    return readFile(join(tree, "page"), "utf8");
  });
  expect([page, await readFile(join(directory, "page"), "utf8")]).toEqual(["two", "one"]);
  await expect(access(place)).rejects.toThrow("ENOENT");
  expect((await git("worktree", "list")).split("\n")).toHaveLength(1);
});

it("takes a commit by its number, and names what is not there", async () => {
  const commit = await git("rev-parse", "feature/x");
  expect(await gitWorktrees.find(directory, { commit: commit.slice(0, 12) })).toMatchObject({ commit, branch: null });
  await expect(gitWorktrees.find(directory, { branch: "gone" })).rejects.toMatchObject({ code: "usage/invalid" });
  await expect(gitWorktrees.find(directory, { commit: "--all" })).rejects.toMatchObject({ code: "usage/invalid" });
  await expect(gitWorktrees.find(tmpdir(), { branch: "main" })).rejects.toThrow("no git repository");
});

it("takes away the trees of processes that were killed, and of nobody who lives", async () => {
  const found = await gitWorktrees.find(directory, { branch: "feature/x" });
  const dead = join(tmpdir(), "howdah-worktree-1-999999999999.test");
  await mkdir(join(dead, "tree"), { recursive: true });
  await gitWorktrees.within(found, async (tree) => {
    await expect(access(dead)).rejects.toThrow("ENOENT"); // whoever comes next takes it away
    await mkdir(join(dead, "tree"), { recursive: true });
    await gitWorktrees.sweep(); // the agent; other tests sweep as well, so nothing is counted
    await expect(access(dead)).rejects.toThrow("ENOENT");
    expect(await readFile(join(tree, "page"), "utf8")).toBe("two");
  });
});
