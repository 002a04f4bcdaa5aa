import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type CodePlatform, codePlatform, PLATFORM_TOKEN } from "../../../test/support/code-platform.ts";
import { Secret } from "../../kernel/secret.ts";
import { fetchCommit } from "./fetch-commit.ts";
import { gitWorktrees } from "./worktree.ts";

const { signal } = new AbortController();
let platform: CodePlatform;
let directory: string;
beforeEach(async () => {
  platform = await codePlatform();
  directory = await mkdtemp(join(tmpdir(), "howdah-fetch-"));
});
afterEach(async () => {
  await platform.stop();
  await rm(directory, { recursive: true });
});

const bring = (commit: string, { token = PLATFORM_TOKEN, project = "acme/shop" } = {}): Promise<void> =>
  fetchCommit(
    join(directory, "code"),
    { url: `${platform.web}/${project}.git`, user: "oauth2", token: new Secret(token, "test"), commit },
    signal,
  );
const page = async (commit: string): Promise<string> => {
  const found = await gitWorktrees.find(join(directory, "code"), { commit });
  return await gitWorktrees.within(found, (tree) => readFile(join(tree, "page"), "utf8"));
};

it("brings one commit after another, without history and without the token", async () => {
  await platform.commit({ page: "zero" });
  const one = await platform.commit({ page: "one" });
  await bring(one);
  const two = await platform.commit({ page: "two" });
  await bring(two);
  expect([await page(one), await page(two)]).toEqual(["one", "two"]);
  const said = await gitWorktrees.find(join(directory, "code"), { commit: `${one}~1` }).catch((error: unknown) => error);
  expect(said).toMatchObject({ code: "usage/invalid" });
  const files = await readdir(join(directory, "code/.git"), { recursive: true, withFileTypes: true });
  const secrets = [PLATFORM_TOKEN, Buffer.from(`oauth2:${PLATFORM_TOKEN}`).toString("base64")];
  for (const file of files.filter((one_) => one_.isFile())) {
    const text = await readFile(join(file.parentPath, file.name), "latin1");
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  }
});

it("gets over what a killed git left", async () => {
  const one = await platform.commit({ page: "one" });
  await bring(one);
  await writeFile(join(directory, "code/.git/shallow.lock"), "");
  await writeFile(join(directory, "code/.git/config.lock"), "");
  await bring(await platform.commit({ page: "two" }));
  expect(await page(platform.mergeRequest.commit)).toBe("two");
});

it("says that it could not, without the token", async () => {
  await platform.commit({ page: "one" });
  const error: unknown = await bring("0".repeat(40)).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "code-host/unreachable" });
  const wrong: unknown = await bring(platform.mergeRequest.commit, { token: "wrong-token" }).catch((caught: unknown) => caught);
  expect(wrong).toMatchObject({ code: "code-host/unreachable" });
  expect(JSON.stringify([wrong, (wrong as { output: unknown }).output, String(wrong)])).not.toContain("wrong-token");
});
