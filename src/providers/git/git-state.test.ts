import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gitState, parseGitStatus, parseRemote } from "./git-state.ts";

const commit = "7e65831bc0a1d2e3f405162738495a6b7c8d9e0f";

describe("what git says of a tree", () => {
  it.each([
    { name: "a clean branch", lines: ["# branch.head main"], expected: { commit, branch: "main", dirty: false } },
    {
      name: "a changed file",
      lines: ["# branch.head main", "1 .M N... 100644 100644 100644 a b x.php"],
      expected: { commit, branch: "main", dirty: true },
    },
    { name: "a new file", lines: ["# branch.head a/b", "? x.php"], expected: { commit, branch: "a/b", dirty: true } },
    { name: "a detached head", lines: ["# branch.head (detached)"], expected: { commit, branch: null, dirty: false } },
  ])("$name", ({ lines, expected }) => {
    expect(parseGitStatus(["# branch.oid " + commit, ...lines, ""].join("\n"))).toEqual(expected);
  });

  it.each(["", "# branch.oid (initial)\n# branch.head main\n", "# branch.oid $(reboot)\n"])("nothing from %j", (text) => {
    expect(parseGitStatus(text)).toBeNull();
  });
});

describe("a tree in a repository", () => {
  let root = "";
  const git = (directory: string, ...words: readonly string[]): void => {
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    execFileSync("git", [...who, "-C", directory, ...words], {
      stdio: "ignore",
      env: { PATH: process.env["PATH"], GIT_CONFIG_GLOBAL: "/dev/null" },
    });
  };
  const commitAll = (directory: string): void => {
    git(directory, "init");
    git(directory, "add", ".");
    git(directory, "commit", "--message=x");
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "howdah-git-"));
    mkdirSync(join(root, "plugin"));
    writeFileSync(join(root, "plugin", "a.php"), "a");
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("differs from its commit when a submodule does, for whoever asks exactly", async () => {
    commitAll(join(root, "plugin"));
    commitAll(root);
    expect(await gitState(root, { exact: true })).toMatchObject({ dirty: false });
    writeFileSync(join(root, "plugin", "a.php"), "b");
    expect(await gitState(root, { exact: true })).toMatchObject({ dirty: true });
    expect(await gitState(root)).toMatchObject({ dirty: false });
  });

  it("is not called one without version control when git can't say", async () => {
    expect(await gitState(root, { exact: true })).toBeNull();
    mkdirSync(join(root, ".git"));
    await expect(gitState(root, { exact: true })).rejects.toMatchObject({ code: "machine/tool-failed" });
    expect(await gitState(root)).toBeNull();
  });
});

describe("where a repository came from", () => {
  it.each([
    ["https://me:t0ken@git.example.org/team/blog.git?x=1", "git+https://git.example.org/team/blog.git"],
    ["git@git.example.org:team/blog.git", "git+ssh://git.example.org/team/blog.git"],
    ["ssh://git@git.example.org:2222/team/blog", "git+ssh://git.example.org:2222/team/blog"],
    ["/srv/git/blog.git", null],
    ["file:///srv/git/blog.git", null],
    ["../blog", null],
    ["", null],
  ])("%j is %j", (address, expected) => {
    expect(parseRemote(address)).toBe(expected);
  });
});
