import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { environmentsOf } from "../environment/environment.ts";
import type { Ports } from "../ports.ts";
import { requestName, REVIEW_OWNER, reviewPorts, type ReviewRecord, reviewSecret } from "./review.ts";

/** The review of a site. Error: `review/unknown`. */
export async function requireReview(site: string, ports: Pick<Ports, "reviews">): Promise<ReviewRecord> {
  const found = await reviewPorts(ports).records.get(site);
  if (found === undefined) throw new HowdahError("review/unknown", `No review by webhook is set up for ${site}`);
  return found;
}

/** Ends the review of a site, which may be gone itself. Its environments stay until their time is over; answers their names. */
export async function removeReview(site: string, ports: Ports): Promise<readonly string[]> {
  await requireReview(site, ports);
  const reviews = reviewPorts(ports);
  const { records, requests, states } = reviews;
  await records.remove(site);
  await ports.secrets.remove(SYSTEM_NAMESPACE, reviewSecret(site));
  for (const request of await requests.list(`${site}.`)) await requests.remove(requestName(request));
  for (const state of await states.list(`${site}.`)) await states.remove(requestName(state));
  await reviews.forget(site);
  const environments = await environmentsOf(site, ports);
  return environments.filter(({ owner }) => owner === REVIEW_OWNER).map(({ namespace }) => namespace);
}
