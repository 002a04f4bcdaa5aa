import { createHmac } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { CodeHost, MergeRequest } from "../../providers/code-host/code-host.ts";
import { deleteEnvironment } from "../environment/delete-environment.ts";
import { type EnvironmentRecord, environmentStore } from "../environment/environment.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { bringToCommit, isAt } from "./bring-to-commit.ts";
import { type CommentFacts, commentText } from "./comment-text.ts";
import { environmentName, REVIEW_OWNER, requestName, reviewPorts, type ReviewRecord, reviewSecret, type ReviewState } from "./review.ts";

/** One look at a merge request. */
export interface ReviewWork {
  readonly site: string;
  readonly number: number;
  /** What is answered by it; null: nobody asked, it is looked at since calls can be lost. */
  readonly request: string | null;
}

/** Attempts for what may be better later; the pauses between them are 5 s, 20 s, 80 s, 320 s, 1,280 s. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 5000;

type Outcome = Pick<ReviewState, "phase" | "commit" | "url" | "reason">;

/** What is done to environments; tests have others. */
export interface ReviewVerbs {
  readonly bring: typeof bringToCommit;
  readonly remove: typeof deleteEnvironment;
}

const VERBS: ReviewVerbs = { bring: bringToCommit, remove: deleteEnvironment };

interface Looked extends ReviewWork {
  readonly verbs: ReviewVerbs;
  readonly review: ReviewRecord;
  readonly token: Secret;
  readonly host: CodeHost;
  readonly marker: string;
  readonly namespace: string;
}

/**
 * Makes what the platform says of a merge request now true here: its environment, at its newest commit, or none, and one comment that says so. Nothing depends on
 * what a call said. Killed anywhere, the request is still there and the same is done again; what was done already is found, not repeated:
 *
 *   request ─ ask the platform ─┬─ closed ─ delete the environment ──────────────┐
 *                               ├─ a fork's ─────────────────────────────────────┼─ comment ─ state (answers the request)
 *                               └─ open ─ state, comment "building" ─ bring it ──┘
 *
 * Answers the state, or undefined when the review is gone. Error: `cancelled` when the agent ends; everything else is in the state.
 */
export async function workOnReview(
  work: ReviewWork,
  ports: Ports,
  context: EngineContext,
  verbs: ReviewVerbs = VERBS,
): Promise<ReviewState | undefined> {
  const reviews = reviewPorts(ports);
  const review = await reviews.records.get(work.site);
  const secrets = await ports.secrets.get(SYSTEM_NAMESPACE, reviewSecret(work.site));
  const { token, webhook } = secrets ?? {};
  if (review === undefined || token === undefined || webhook === undefined) {
    await reviews.requests.remove(requestName(work));
    await reviews.states.remove(requestName(work));
    return undefined;
  }
  const identity = createHmac("sha256", webhook.reveal())
    .update(`${work.site}/${String(work.number)}`)
    .digest("hex")
    .slice(0, 24);
  const namespace = `${work.site}--${environmentName(review, work.number)}`;
  const host = await reviews.host(review, token);
  const looked: Looked = { ...work, verbs, review, token, namespace, host, marker: `<!-- howdah:${identity} -->` };
  const now = await workedOn(looked, ports, context).catch((error: unknown) => failed(looked, error, ports, context));
  await reviews.states.put(requestName(work), now);
  return now;
}

async function workedOn(looked: Looked, ports: Ports, context: EngineContext): Promise<ReviewState> {
  const asked = await looked.host.mergeRequest(looked.number, context.signal);
  const outcome = await outcomeOf(looked, asked, ports, context);
  return await settle(looked, outcome, ports, context);
}

async function outcomeOf(looked: Looked, asked: MergeRequest, ports: Ports, context: EngineContext): Promise<Outcome> {
  const { review, namespace, request } = looked;
  const there = await environmentStore(ports).get(namespace);
  if (asked.state === "closed") return await end(looked, there, ports, context);
  if (there !== undefined && there.owner !== REVIEW_OWNER) {
    const reason = `somebody else has made an environment ${namespace}`;
    return { phase: "refused", commit: asked.commit, url: null, reason };
  }
  if (asked.isFork && !review.forks) {
    if (there !== undefined) await end(looked, there, ports, context);
    return { phase: "refused", commit: asked.commit, url: null, reason: "its branch is in another project, whose code does not run here" };
  }
  // Its time is over, or a person deleted it: only a call or a person makes it anew.
  if (request === null && there === undefined) return { phase: "gone", commit: asked.commit, url: null, reason: null };
  const { commit } = asked;
  if (commit === null) throw new HowdahError("code-host/unreachable", "The platform names no commit of the merge request yet");
  const url = (await ports.records.get(namespace))?.url ?? null;
  const { states } = reviewPorts(ports);
  const isBrought = (await states.get(requestName(looked)))?.brought === commit;
  if (isBrought && isAt(there, commit) && url !== null) return { phase: "serving", commit, url, reason: null };
  await announce(looked, { phase: "building", commit, url, reason: null }, ports, context);
  const made = await looked.verbs.bring({ ...looked, commit }, ports, context);
  const building = await states.get(requestName(looked));
  if (building !== undefined) await states.put(requestName(looked), { ...building, brought: commit });
  return { phase: "serving", commit, url: made, reason: null };
}

async function end(
  { site, number, namespace, verbs }: Looked,
  there: EnvironmentRecord | undefined,
  ports: Ports,
  context: EngineContext,
): Promise<Outcome> {
  if (there?.owner === REVIEW_OWNER) await verbs.remove(namespace, ports, context);
  await reviewPorts(ports).forget(site, number);
  return { phase: "gone", commit: null, url: null, reason: null };
}

/** Written down first, so that `review log` says what is being done; a comment that can't be written now is written at the end. */
async function announce(looked: Looked, outcome: Outcome, ports: Ports, context: EngineContext): Promise<void> {
  const { states } = reviewPorts(ports);
  const former = await states.get(requestName(looked));
  const answered = former?.answered ?? null;
  const { tried = null, attempts = 0 } = former ?? {};
  const building = { ...stateOf(looked, outcome, former, ports), answered, tried, attempts };
  await states.put(requestName(looked), building);
  const said = await mayComment(looked, outcome, former, ports, context);
  await states.put(requestName(looked), { ...building, ...said });
}

async function settle(looked: Looked, outcome: Outcome, ports: Ports, context: EngineContext): Promise<ReviewState> {
  const former = await reviewPorts(ports).states.get(requestName(looked));
  const said = await comment(looked, outcome, former, ports, context);
  return { ...stateOf(looked, outcome, former, ports), ...said };
}

/** The comment, unless it can't be written now: what comes next writes it. */
async function mayComment(...given: Parameters<typeof comment>): Promise<Pick<ReviewState, "comment" | "said"> | object> {
  return await comment(...given).catch((error: unknown) => {
    if (given[4].signal.aborted) throw error;
    return {};
  });
}

/** The comment as it should be, if it is not; a merge request that never had an environment gets none about its end. */
async function comment(
  looked: Looked,
  outcome: Omit<Outcome, "phase"> & Pick<CommentFacts, "phase">,
  former: ReviewState | undefined,
  ports: Ports,
  { signal }: EngineContext,
): Promise<Pick<ReviewState, "comment" | "said"> | object> {
  const known = former?.comment ?? null;
  if (outcome.phase === "gone" && (former === undefined || former.phase === "refused")) return {};
  const password = (await environmentStore(ports).get(looked.namespace))?.wishes.password === true;
  const text = commentText({ ...outcome, password, site: looked.site, environment: environmentName(looked.review, looked.number) });
  if (known !== null && former?.said === text) return {};
  return { comment: await looked.host.comment(looked.number, { known, marker: looked.marker, text }, signal), said: text };
}

function stateOf({ site, number, request }: Looked, outcome: Outcome, former: ReviewState | undefined, { clock }: Ports): ReviewState {
  const same = former?.phase === outcome.phase && former.commit === outcome.commit && former.reason === outcome.reason;
  return {
    ...{
      site,
      number,
      ...outcome,
      brought: outcome.phase === "gone" ? null : (former?.brought ?? null),
      comment: former?.comment ?? null,
      said: former?.said ?? null,
    },
    ...{ answered: request ?? former?.answered ?? null, tried: null, attempts: 0, notBefore: 0, lookedAt: clock.now() },
    changedAt: same ? former.changedAt : new Date(clock.now()).toISOString(),
  };
}

/** Tries again later what may be better then; else says why it failed. */
async function failed(looked: Looked, error: unknown, ports: Ports, context: EngineContext): Promise<ReviewState> {
  if (context.signal.aborted) throw error;
  const { states } = reviewPorts(ports);
  const former = await states.get(requestName(looked));
  const reason = error instanceof HowdahError ? error.message : "a bug of Howdah; the agent's log has the details";
  if (!(error instanceof HowdahError)) context.emit({ type: "notice", level: "warning", message: String(error) });
  const attempts = (former?.tried === looked.request ? (former?.attempts ?? 0) : 0) + 1;
  const outcome: Outcome = { phase: "failed", commit: former?.commit ?? null, url: former?.url ?? null, reason };
  // Nobody asked: what is there stays as it is said to be.
  if (looked.request === null && former !== undefined) return { ...former, lookedAt: ports.clock.now() };
  if (error instanceof HowdahError && error.entry.retry === "backoff" && attempts < ATTEMPTS) {
    const notBefore = ports.clock.now() + FIRST_PAUSE_MS * 4 ** (attempts - 1);
    // Only what said that it is being made is not true any more.
    const said = former?.phase === "building" ? await mayComment(looked, { ...outcome, phase: "waiting" }, former, ports, context) : {};
    const waiting = { ...stateOf(looked, outcome, former, ports), ...said, answered: former?.answered ?? null };
    return { ...waiting, phase: former?.phase ?? "building", tried: looked.request, attempts, notBefore };
  }
  const said = await mayComment(looked, outcome, former, ports, context);
  return { ...stateOf(looked, outcome, former, ports), ...said };
}
