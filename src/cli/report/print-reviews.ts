import type { AddedReview } from "../../workflows/review/add-review.ts";
import type { ReviewRecord } from "../../workflows/review/review.ts";
import type { LoggedReview } from "../../workflows/review/review-log.ts";
import type { CliContext } from "../context.ts";
import { table } from "./table.ts";

/** `howdah review add`: the one time that the secret is shown. */
export function printAdded({ review, secret }: AddedReview, context: CliContext): number {
  const { terminal } = context;
  const path = `/review/${review.site}`;
  if (context.flags.output === "json") {
    terminal.out(`${JSON.stringify({ ...review, address: addressOf(review), path, secret: secret.reveal() }, null, 2)}\n`);
    return 0;
  }
  const rows = [
    ["agent listens at", addressOf(review)],
    ["address of the webhook", `https://YOUR-HOST${path}, by a proxy that leads there`],
    ["secret", secret.reveal()],
    review.platform === "github"
      ? ["at GitHub", "Settings > Webhooks: content type application/json, event Pull requests"]
      : ["at GitLab", "Settings > Webhooks: as signing token, else as secret token; trigger Merge request events"],
  ];
  terminal.out(table(rows));
  terminal.err("The secret is not shown again.\n");
  if (review.forks) terminal.err("! --forks: whoever can open a merge request runs code of his own on this machine, in a container.\n");
  return 0;
}

/** `howdah review ls`. */
export function printReviews(reviews: readonly ReviewRecord[], context: CliContext): void {
  const { terminal } = context;
  if (context.flags.output === "json") return terminal.out(`${JSON.stringify(reviews, null, 2)}\n`);
  if (reviews.length === 0) return terminal.out("There are none: `howdah review add SITE` sets one up.\n");
  terminal.out(table(reviews.map((one) => [one.site, `${one.web}/${one.project}`, addressOf(one), one.forks ? "forks, too" : ""])));
}

/** `howdah review log`. */
export function printLog(log: readonly LoggedReview[], context: CliContext): void {
  const { terminal } = context;
  if (context.flags.output === "json") return terminal.out(`${JSON.stringify(log, null, 2)}\n`);
  if (log.length === 0) return terminal.out("No merge request was called for yet.\n");
  const rows = log.map(({ number, phase, commit, url, reason, changedAt }) => [
    String(number),
    phase,
    commit?.slice(0, 12) ?? "",
    changedAt ?? "",
    reason ?? url ?? "",
  ]);
  terminal.out(table(rows));
}

function addressOf({ site, listen: { address, port } }: ReviewRecord): string {
  return `http://${address.includes(":") ? `[${address}]` : address}:${String(port)}/review/${site}`;
}
