import { mkdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "./kernel/clock.ts";
import { documentStore } from "./providers/state/document-store.ts";
import type { ReviewPorts, ReviewRecord, ReviewRequest, ReviewState } from "./workflows/review/review.ts";

/** Where a machine keeps its reviews by webhook, and how it speaks to the platforms that have the code. */
export function wireReviews(stateDirectory: string, clock: Clock): ReviewPorts {
  const directory = join(stateDirectory, "reviews");
  const codeOf = (site: string, number?: number): string =>
    number === undefined ? join(directory, "code", site) : join(directory, "code", site, String(number));
  return {
    records: documentStore<ReviewRecord>(join(directory, "sites")),
    requests: documentStore<ReviewRequest>(join(directory, "requests")),
    states: documentStore<ReviewState>(join(directory, "states")),
    async host(review, token) {
      if (review.platform === "github") return (await import("./providers/code-host/github-host.ts")).githubHost(review, token, clock);
      return (await import("./providers/code-host/gitlab-host.ts")).gitlabHost(review, token, clock);
    },
    async fetch(review, { number, commit, token }, signal) {
      const { fetchCommit } = await import("./providers/git/fetch-commit.ts");
      const code = codeOf(review.site, number);
      const user = review.platform === "github" ? "x-access-token" : "oauth2";
      await fetchCommit(code, { url: `${review.web}/${review.project}.git`, user, token, commit }, signal);
      // Nothing is checked out here, but git is asked where the site's directory would be; it answers with real paths.
      const place = join(code, review.directory);
      await mkdir(place, { recursive: true });
      return await realpath(place);
    },
    forget: (site, number) => rm(codeOf(site, number), { recursive: true, force: true }),
  };
}
