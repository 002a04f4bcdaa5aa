import type { CodeHost, CodeProject } from "../../providers/code-host/code-host.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { DocumentStore, Ports } from "../ports.ts";

/** A site whose merge requests get environments when their platform calls. Holds no secret. */
export interface ReviewRecord extends CodeProject {
  readonly site: string;
  /** Without a slash at its end: `https://github.com`. */
  readonly web: string;
  /** The site's directory in the repository; empty: its top. */
  readonly directory: string;
  /** Merge requests from other projects, too: their code runs here. */
  readonly forks: boolean;
  /** Where the agent listens. */
  readonly listen: { readonly address: string; readonly port: number };
  /** RFC 3339. */
  readonly createdAt: string;
}

/** That somebody should look at a merge request. Only its id and the deliveries change: what is true is asked for when it is worked on. */
export interface ReviewRequest {
  readonly site: string;
  readonly number: number;
  readonly id: string;
  /** Of the platform's calls, newest last: one that comes again is answered and ignored. */
  readonly deliveries: readonly string[];
}

/** What became of a merge request. Only the agent writes it. */
export interface ReviewState {
  readonly site: string;
  readonly number: number;
  /** The request that is done with. */
  readonly answered: string | null;
  readonly phase: "building" | "serving" | "failed" | "refused" | "gone";
  readonly commit: string | null;
  /** The commit that came to serve, to the end: the environment's description names one from the beginning of its rollout on. */
  readonly brought: string | null;
  readonly url: string | null;
  /** Why it failed or was refused. */
  readonly reason: string | null;
  /** The id of the one comment, and its text: it is only written when it changes. */
  readonly comment: string | null;
  readonly said: string | null;
  /** The request that is tried again, how often it was, and not before when it is again. */
  readonly tried: string | null;
  readonly attempts: number;
  readonly notBefore: number;
  /** Milliseconds since the epoch. */
  readonly lookedAt: number;
  /** RFC 3339. */
  readonly changedAt: string;
}

/** What reviews need beside everything else. */
export interface ReviewPorts {
  /** By site. */
  readonly records: DocumentStore<ReviewRecord>;
  /** By `SITE.NUMBER`; the agent and `review run` write them. */
  readonly requests: DocumentStore<ReviewRequest>;
  readonly states: DocumentStore<ReviewState>;
  host(review: ReviewRecord, token: Secret): Promise<CodeHost>;
  /** Brings a commit into a repository of the merge request's own, and answers the site's directory in it. */
  fetch(
    review: ReviewRecord,
    wanted: { readonly number: number; readonly commit: string; readonly token: Secret },
    signal: AbortSignal,
  ): Promise<string>;
  /** Throws that repository away; without a number all of the site. */
  forget(site: string, number?: number): Promise<void>;
}

/** The ports of reviews. Error: `usage/invalid` on a cluster. */
export function reviewPorts({ reviews }: Pick<Ports, "reviews">): ReviewPorts {
  if (reviews !== undefined) return reviews;
  throw new HowdahError("usage/invalid", "Reviews by webhook are a matter of one machine");
}

/** Among the secrets of the machine: the API's token, and what the platform's calls are signed with. */
export function reviewSecret(site: string): string {
  return `review-${site}`;
}

/** A document's name. */
export function requestName({ site, number }: Pick<ReviewRequest, "site" | "number">): string {
  return `${site}.${String(number)}`;
}

/** The environment of a merge request; it is called as the pipeline of `howdah ci --review` calls it. */
export function environmentName({ platform }: Pick<ReviewRecord, "platform">, number: number): string {
  return `${platform === "github" ? "pr" : "mr"}-${String(number)}`;
}

/** Who owns environments that are made here: what somebody else has made under the same name is left alone. */
export const REVIEW_OWNER = "review by webhook";
