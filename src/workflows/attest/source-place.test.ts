import { expect, it } from "vitest";
import type { GitState } from "../../providers/git/git-state.ts";
import { buildFromSource } from "./source-place.ts";

const clean: GitState = { commit: "a".repeat(40), branch: "main", dirty: false };
const next: GitState = { ...clean, commit: "b".repeat(40) };

/** Ports whose version control says one thing after the other. */
function saying(...answers: readonly (GitState | Error | null)[]) {
  const left = [...answers];
  return {
    git: async () => {
      const answer = left.shift() ?? null;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    gitTags: async () => ["release-v1.2.3"],
    gitRemote: async () => "git+https://git.example.org/team/blog",
  };
}

const placeOf = async (signed: boolean, ...answers: readonly (GitState | Error | null)[]) =>
  (await buildFromSource("/srv/blog", { signed }, saying(...answers), async () => "built")).place;

it.each([
  { name: "the same before and after", answers: [clean, clean], expected: { commit: clean.commit, dirty: false } },
  { name: "another commit after the build", answers: [clean, next], expected: { commit: clean.commit, dirty: true } },
  { name: "changed during the build", answers: [clean, { ...clean, dirty: true }], expected: { dirty: true } },
  { name: "changed before, put right during the build", answers: [{ ...clean, dirty: true }, clean], expected: { dirty: true } },
  { name: "put under version control during the build", answers: [null, clean], expected: { dirty: true } },
])("$name", async ({ answers, expected }) => {
  expect(await placeOf(true, ...answers)).toMatchObject(expected);
});

it("is null without version control", async () => {
  expect(await placeOf(true, null, null)).toBeNull();
});

it("has to be told for what is signed, and counts as unknown otherwise", async () => {
  await expect(placeOf(true, new Error("late"))).rejects.toThrow("late");
  expect(await placeOf(false, new Error("late"), new Error("late"))).toBeNull();
});
