import { describe, expect, it } from "vitest";
import { parseGitStatus, parseRemote } from "./git-state.ts";

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
