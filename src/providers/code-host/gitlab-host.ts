import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { CodeHost, CodeProject } from "./code-host.ts";
import { findComment } from "./find-comment.ts";
import { callPlatform, notThere, type PlatformCall, readAnswer } from "./platform-api.ts";

const mergeRequest = z.object({
  state: z.string(),
  sha: z
    .string()
    .regex(/^[0-9a-f]{40,64}$/)
    .nullish(),
  source_project_id: z.number().nullish(),
  target_project_id: z.number(),
});
const made = z.object({ id: z.number().int() });

/** A project at a GitLab. */
export function gitlabHost({ api, project }: CodeProject, token: Secret, clock: Clock): CodeHost {
  const call = (given: PlatformCall, signal: AbortSignal): Promise<unknown> =>
    callPlatform({ api, clock, headers: { accept: "application/json", "private-token": token.reveal() } }, given, signal);
  const root = `/projects/${encodeURIComponent(project)}`;
  return {
    async check(signal) {
      if ((await call({ method: "GET", path: root }, signal)) === undefined) throw notThere(`project ${project}`);
    },
    async mergeRequest(number, signal) {
      const found = await call({ method: "GET", path: `${root}/merge_requests/${String(number)}` }, signal);
      if (found === undefined) throw notThere(`merge request ${String(number)} of ${project}`);
      const {
        state,
        sha,
        source_project_id: source,
        target_project_id: target,
      } = readAnswer(mergeRequest, found, { platform: "GitLab", what: "merge request" });
      // `locked` is a merge under way.
      return {
        number,
        state: state === "opened" || state === "locked" ? "open" : "closed",
        commit: sha ?? null,
        isFork: source !== target,
      };
    },
    async comment(number, { known, marker, text }, signal) {
      const notes = `${root}/merge_requests/${String(number)}/notes`;
      const body = { body: `${marker}\n${text}` };
      const change = (id: string): Promise<unknown> => call({ method: "PUT", path: `${notes}/${id}`, body }, signal);
      if (known !== null && (await change(known)) !== undefined) return known;
      const found = await findComment(marker, "GitLab", (query) =>
        call({ method: "GET", path: `${notes}?sort=asc&order_by=created_at&${query}` }, signal),
      );
      if (found !== undefined && (await change(found)) !== undefined) return found;
      const answer = await call({ method: "POST", path: notes, body }, signal);
      if (answer === undefined) throw notThere(`merge request ${String(number)} of ${project}`);
      return String(readAnswer(made, answer, { platform: "GitLab", what: "comment" }).id);
    },
  };
}
