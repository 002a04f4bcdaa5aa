import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { gitWorktrees } from "../../providers/git/worktree.ts";
import { run } from "../../providers/process.ts";
import { kindOf, readProjectFile, realPathOf } from "../../providers/project-files/project-files.ts";
import type { Ports } from "../ports.ts";
import { type EnvironmentRig, environmentRig } from "../testing/environment-rig.ts";
import { withCommit } from "./bring-up-environment.ts";

let rig: EnvironmentRig;
let place: string;
let repository: string;
let secrets: string;

beforeEach(async () => {
  rig = await environmentRig();
  place = await realpath(await mkdtemp(join(tmpdir(), "howdah-commit-")));
  repository = join(place, "repository");
  secrets = join(place, "secrets");
  for (const directory of [repository, secrets]) await mkdir(directory);
  for (const directory of [secrets, join(repository, "site")]) await siteIn(directory, ".");
  await git("init", "--quiet");
  await commit("plain");
});
afterEach(async () => {
  await rm(place, { recursive: true });
});

async function git(...argv: readonly string[]): Promise<void> {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
  await run(["git", ...identity, "-C", repository, ...argv]);
}

async function commit(branch: string): Promise<void> {
  await git("checkout", "--quiet", "-b", branch);
  await git("add", "--all");
  await git("commit", "--quiet", "-m", branch);
  if (branch !== "plain") await git("checkout", "--quiet", "plain"); // as it was deployed
}

async function siteIn(directory: string, source: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const spec = { runtime: { php: "8.4" }, source };
  const site = { apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "shop" }, spec };
  await writeFile(join(directory, "howdah.yaml"), JSON.stringify(site));
}

/** Where an environment of a branch would be built of, below the commit's tree. */
async function sourceOf(branch: string): Promise<string> {
  const files = { read: readProjectFile, kind: kindOf, realpath: realPathOf } as unknown as Ports["files"];
  const ports: Ports = { ...rig.ports, files, worktrees: gitWorktrees };
  const wishes = { hostname: null, size: "small", php: null, variables: {}, password: false, idleSeconds: null } as const;
  const wanted = { production: rig.production, code: { branch }, checkout: join(repository, "site", "howdah.yaml") };
  return await withCommit({ name: "review", of: "shop", wishes }, wanted, ports, async ({ up }) => up.source.replace(/^.*\/tree\b/, ""));
}

it("builds of a commit's own files", async () => {
  expect(await sourceOf("plain")).toBe("/site");
});

it("follows links of a commit as far as its own tree", async () => {
  await symlink("../code", join(repository, "site", "data"));
  await mkdir(join(repository, "code"));
  await writeFile(join(repository, "code", "page"), "one");
  await siteIn(join(repository, "site"), "data");
  await commit("inside");
  expect(await sourceOf("inside")).toBe("/site/data");
});

it("never builds of what a link in a commit leads to on this machine", async () => {
  await symlink(secrets, join(repository, "site", "data"));
  await siteIn(join(repository, "site"), "data");
  await commit("linked-source");
  await expect(sourceOf("linked-source")).rejects.toMatchObject({
    code: "site/invalid",
    message: expect.stringContaining("site/data leads out of the commit"),
  });
  await rm(join(repository, "site"), { recursive: true });
  await symlink(secrets, join(repository, "site"));
  await commit("linked-site");
  await expect(sourceOf("linked-site")).rejects.toMatchObject({
    code: "site/invalid",
    message: expect.stringContaining("site leads out of the commit"),
  });
});

it("says which directory a commit does not have", async () => {
  await siteIn(join(repository, "site"), "gone");
  await commit("without");
  await expect(sourceOf("without")).rejects.toMatchObject({ code: "site/invalid", message: "The commit has no site/gone" });
});
