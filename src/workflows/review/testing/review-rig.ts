import type { HowdahError } from "../../../kernel/howdah-error.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { CodeHost, MergeRequest, WantedComment } from "../../../providers/code-host/code-host.ts";
import type { EnvironmentRecord } from "../../environment/environment.ts";
import type { Ports } from "../../ports.ts";
import { type EnvironmentRig, environmentRig } from "../../testing/environment-rig.ts";
import { memoryDocuments } from "../../testing/release-rig.ts";
import { REVIEW_OWNER, type ReviewPorts } from "../review.ts";
import type { ReviewVerbs } from "../work-on-review.ts";

/** What the platform's calls are signed with. */
export const WEBHOOK = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** A platform in memory. */
export interface FakePlatform {
  mergeRequest: MergeRequest;
  readonly comments: Map<string, WantedComment>;
  /** Thrown by the next calls. */
  readonly failures: HowdahError[];
}

/** A machine in memory whose site `shop` has a review at GitHub; environments are made by writing down that they are. */
export interface ReviewRig extends EnvironmentRig {
  readonly reviews: ReviewPorts;
  readonly platform: FakePlatform;
  readonly verbs: ReviewVerbs;
  /** Commits that were built. */
  readonly built: string[];
  /** Thrown by the next build. */
  readonly broken: Error[];
}

/** The first commit of the merge request. */
export const COMMIT = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

/** Makes the machine. */
export async function reviewRig(): Promise<ReviewRig> {
  const rig = await environmentRig();
  const platform: FakePlatform = {
    mergeRequest: { number: 12, state: "open", commit: COMMIT, isFork: false },
    comments: new Map(),
    failures: [],
  };
  const host = fakeHost(platform);
  const reviews: ReviewPorts = {
    ...{ records: memoryDocuments(), requests: memoryDocuments(), states: memoryDocuments() },
    host: async () => host,
    fetch: async () => "/code",
    forget: async () => undefined,
  };
  const ports: Ports = { ...rig.ports, reviews };
  await reviews.records.put("shop", {
    ...{ site: "shop", platform: "github", project: "acme/shop", api: "https://api.github.com", web: "https://github.com" },
    ...{ directory: "", forks: false, listen: { address: "127.0.0.1", port: 8484 }, createdAt: "2026-11-22T12:00:00.000Z" },
  });
  await ports.secrets.set("howdah-system", "review-shop", { token: new Secret("token", "test"), webhook: new Secret(WEBHOOK, "test") });
  const built: string[] = [];
  const broken: Error[] = [];
  return { ...rig, ports, reviews, platform, built, broken, verbs: fakeVerbs(rig.production, built, broken) };
}

function fakeHost(platform: FakePlatform): CodeHost {
  const failing = (): void => {
    const failure = platform.failures.shift();
    if (failure !== undefined) throw failure;
  };
  return {
    check: async () => failing(),
    mergeRequest: async () => {
      failing();
      return platform.mergeRequest;
    },
    comment: async (_number, wanted) => {
      failing();
      const found = [...platform.comments].find(([id, { marker }]) => id === wanted.known || marker === wanted.marker)?.[0];
      const id = found ?? String(platform.comments.size + 1);
      platform.comments.set(id, wanted);
      return id;
    },
  };
}

function fakeVerbs(production: EnvironmentRig["production"], built: string[], broken: Error[]): ReviewVerbs {
  return {
    bring: async ({ commit }, ports) => {
      await ports.environments?.put("shop--pr-12", environmentOf(commit)); // as a rollout does that is not at its end
      const failure = broken.shift();
      if (failure !== undefined) throw failure;
      built.push(commit);
      const url = "http://pr-12.shop.localhost:8080";
      await ports.records.put("shop--pr-12", { ...production, namespace: "shop--pr-12", url });
      return url;
    },
    remove: async (namespace, ports) => {
      await ports.records.remove(namespace);
      await ports.environments?.remove(namespace);
      return true;
    },
  };
}

/** The description of a merge request's environment. */
export function environmentOf(commit: string, owner: string = REVIEW_OWNER): EnvironmentRecord {
  return {
    ...{ namespace: "shop--pr-12", name: "pr-12", of: "shop", owner, code: { kind: "commit", commit, branch: null } },
    ...{ data: { kind: "dataset", generation: "g1" }, createdAt: "2026-11-22T12:00:00.000Z", until: null, work: null, failure: null },
    wishes: { hostname: null, size: "small", php: null, variables: {}, password: false, idleSeconds: null },
  };
}
