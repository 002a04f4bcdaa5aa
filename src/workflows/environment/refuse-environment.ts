import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SiteRecord } from "../ports.ts";

/** Refuses what means nothing for a copy that is made anew in seconds. `instead`: what a person may do. Error: `usage/invalid`. */
export function refuseEnvironment({ namespace, site }: Pick<SiteRecord, "namespace" | "site">, what: string, instead: string): void {
  if (site.preview === undefined) return;
  throw new HowdahError("usage/invalid", `${namespace} is an environment of ${site.preview.of}: ${what}`, { hint: instead });
}
