import { randomUUID } from "node:crypto";
import { requestName, type ReviewPorts } from "./review.ts";

/** So many deliveries of a merge request are remembered. */
const REMEMBERED = 50;

/** Writes down that a merge request is to be looked at; it is on the disk when this is done. */
export async function requestReview(
  { site, number, delivery }: { readonly site: string; readonly number: number; readonly delivery?: string | undefined },
  { requests }: Pick<ReviewPorts, "requests">,
): Promise<void> {
  const name = requestName({ site, number });
  const known = (await requests.get(name))?.deliveries ?? [];
  const deliveries = delivery === undefined ? known : [...known, delivery].slice(-REMEMBERED);
  await requests.put(name, { site, number, id: randomUUID(), deliveries });
}
