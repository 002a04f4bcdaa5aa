import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Ports } from "../ports.ts";
import { readDelivery } from "./read-delivery.ts";
import { requestReview } from "./request-review.ts";
import { requestName, reviewPorts, reviewSecret } from "./review.ts";
import { type Delivery, isGenuine } from "./verify-delivery.ts";

/** The answer to a platform's call: an HTTP status, and words for the platform's own log. */
export interface DeliveryAnswer {
  readonly status: number;
  readonly says: string;
}

/** Genuine calls that a site's review takes in a minute. */
const MOST_A_MINUTE = 60;

/**
 * Takes calls of platforms: a genuine one about a merge request is written down, and answered before anything is done. Remembers how many came lately, so there is
 * one of these in a process. One call at a time: nothing here takes long.
 */
export function deliveryReceiver(
  ports: Pick<Ports, "clock" | "secrets" | "reviews">,
): (site: string, delivery: Delivery) => Promise<DeliveryAnswer> {
  const lately = new Map<string, number[]>();
  let last: Promise<unknown> = Promise.resolve();
  return (site, delivery) => {
    const answer = last.then(() => receive(site, delivery, lately, ports));
    last = answer.catch(() => undefined);
    return answer;
  };
}

async function receive(
  site: string,
  delivery: Delivery,
  lately: Map<string, number[]>,
  ports: Pick<Ports, "clock" | "secrets" | "reviews">,
): Promise<DeliveryAnswer> {
  const reviews = reviewPorts(ports);
  const review = await reviews.records.get(site);
  const secret = review && (await ports.secrets.get(SYSTEM_NAMESPACE, reviewSecret(site)))?.["webhook"];
  if (review === undefined || secret === undefined) return { status: 404, says: "no review is set up here" };
  const now = ports.clock.now();
  if (!isGenuine(review.platform, delivery, secret, now)) return { status: 401, says: "the signature or secret is wrong" };
  const read = readDelivery(review.platform, delivery);
  if (read === undefined) return { status: 400, says: "this is no event of a merge request in JSON" };
  const { id, change } = read;
  if (change === undefined) return { status: 200, says: "nothing to do" };
  if (change.project.toLowerCase() !== review.project.toLowerCase()) return { status: 422, says: "this review is of another project" };
  const known = await reviews.requests.get(requestName({ site, number: change.number }));
  if (id !== undefined && known?.deliveries.includes(id) === true) return { status: 202, says: "known already" };
  const recent = (lately.get(site) ?? []).filter((time) => time > now - 60_000);
  if (recent.length >= MOST_A_MINUTE) return { status: 429, says: "too many in a minute" };
  lately.set(site, [...recent, now]);
  await requestReview({ site, number: change.number, delivery: id }, reviews);
  return { status: 202, says: "queued" };
}
