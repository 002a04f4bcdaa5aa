import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { CodeHost, CodeProject } from "./code-host.ts";
import { findComment } from "./find-comment.ts";
import { callPlatform, notThere, type PlatformCall, readAnswer } from "./platform-api.ts";

const commit = z.string().regex(/^[0-9a-f]{40,64}$/);
const repository = z.object({ full_name: z.string() });
const pull = z.object({
  state: z.enum(["open", "closed"]),
  head: z.object({ sha: commit, repo: repository.nullish() }),
  base: z.object({ repo: repository }),
});
const made = z.object({ id: z.number().int() });

/** A repository at GitHub, or at a GitHub Enterprise Server. */
export function githubHost({ api, project }: CodeProject, token: Secret, clock: Clock): CodeHost {
  const call = (given: PlatformCall, signal: AbortSignal): Promise<unknown> =>
    callPlatform({ api, clock, headers: headersWith(token) }, given, signal);
  const root = `/repos/${project.split("/").map(encodeURIComponent).join("/")}`;
  return {
    async check(signal) {
      if ((await call({ method: "GET", path: root }, signal)) === undefined) throw notThere(`repository ${project}`);
    },
    async mergeRequest(number, signal) {
      const found = await call({ method: "GET", path: `${root}/pulls/${String(number)}` }, signal);
      if (found === undefined) throw notThere(`pull request ${String(number)} of ${project}`);
      const { state, head, base } = readAnswer(pull, found, { platform: "GitHub", what: "pull request" });
      return { number, state, commit: head.sha, isFork: head.repo?.full_name !== base.repo.full_name };
    },
    async comment(number, { known, marker, text }, signal) {
      const list = `${root}/issues/${String(number)}/comments`;
      const body = { body: `${marker}\n${text}` };
      const change = (id: string): Promise<unknown> => call({ method: "PATCH", path: `${root}/issues/comments/${id}`, body }, signal);
      if (known !== null && (await change(known)) !== undefined) return known;
      const found = await findComment(marker, "GitHub", (query) => call({ method: "GET", path: `${list}?${query}` }, signal));
      if (found !== undefined && (await change(found)) !== undefined) return found;
      const answer = await call({ method: "POST", path: list, body }, signal);
      if (answer === undefined) throw notThere(`pull request ${String(number)} of ${project}`);
      return String(readAnswer(made, answer, { platform: "GitHub", what: "comment" }).id);
    },
  };
}

function headersWith(token: Secret): Record<string, string> {
  return {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${token.reveal()}`,
    "x-github-api-version": "2022-11-28",
  };
}
