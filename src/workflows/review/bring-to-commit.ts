import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { createEnvironment } from "../environment/create-environment.ts";
import type { EnvironmentRecord } from "../environment/environment.ts";
import type { WantedData } from "../environment/environment-data.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { SITE_FILE } from "../up/locate-site.ts";
import { environmentName, REVIEW_OWNER, reviewPorts, type ReviewRecord } from "./review.ts";

/** Which commit of which merge request. */
export interface CommitToBring {
  readonly review: ReviewRecord;
  readonly token: Secret;
  readonly number: number;
  readonly commit: string;
}

/** How long an environment waits for memory. */
const PATIENCE_MS = 600_000;

/** Whether an environment serves that commit. */
export function isAt(environment: EnvironmentRecord | undefined, commit: string): boolean {
  if (environment === undefined || environment.work !== null || environment.failure !== null) return false;
  return environment.code.kind === "commit" && environment.code.commit === commit;
}

/** `howdah env create pr-12 shop --commit … --checkout …`, of a commit that is fetched for it. Answers the address. */
export async function bringToCommit(
  { review, token, number, commit }: CommitToBring,
  ports: Ports,
  context: EngineContext,
): Promise<string> {
  const production = await ports.records.get(review.site);
  if (production === undefined) throw new HowdahError("site/unknown", `No site ${review.site} runs here`);
  const directory = await reviewPorts(ports).fetch(review, { number, commit, token }, context.signal);
  const { record } = await createEnvironment(
    production,
    {
      ...{ name: environmentName(review, number), owner: REVIEW_OWNER, code: { commit }, checkout: join(directory, SITE_FILE) },
      ...{ data: dataOf(production), patienceMs: PATIENCE_MS, variables: {}, secrets: [], php: null },
      ...{ ttl: undefined, hostname: undefined, size: undefined, password: undefined, idle: undefined },
    },
    ports,
    context,
  );
  return record.url;
}

/** The golden dataset as it is now, for a site that has data. */
function dataOf({ site }: SiteRecord): WantedData {
  const hasNone = site.database === null && !site.mounts.some(({ storage }) => storage === "shared");
  return hasNone ? { kind: "fresh" } : { kind: "dataset", generation: undefined };
}
