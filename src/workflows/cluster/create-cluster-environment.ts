import { HowdahError } from "../../kernel/howdah-error.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import type { EnvironmentSpec } from "../../resources/schema/environment.ts";
import { environmentTerms, nameOfEnvironment } from "../../site/site-of-environment.ts";
import type { CreateRequest } from "../environment/create-environment.ts";
import { untilOf } from "../environment/lifetime.ts";
import { missingStandIns } from "../environment/stand-ins.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { clusterEnvironments, type FoundEnvironment, requireClusterEnvironment } from "./cluster-environments.ts";
import type { ClusterPlace } from "./cluster-place.ts";
import { followEnvironment } from "./follow-environment.ts";

/** What is asked for on a cluster: no code but that of a release, and nothing of one machine. */
export type ClusterCreate = Pick<
  CreateRequest,
  "name" | "data" | "ttl" | "hostname" | "size" | "php" | "variables" | "password" | "owner"
> & {
  readonly patienceMs: number;
};

/**
 * Asks the operator for an environment beside its site, and follows it until it serves. Cut off, the resource is there and the operator goes on; the same command
 * follows it again. Errors: `environment/exists`, `environment/limit`, `environment/unknown` for what it would be a copy of, `site/invalid`, `usage/invalid`, and
 * those of following.
 */
export async function createClusterEnvironment(
  { cluster, namespace }: ClusterPlace,
  production: SiteRecord,
  request: ClusterCreate,
  ports: Pick<Ports, "clock" | "settings">,
  context: EngineContext,
): Promise<FoundEnvironment> {
  const { signal } = context;
  const { name } = request;
  requireName(production, name);
  const known = await clusterEnvironments(cluster, namespace, signal);
  const spec = await specOf(production, request, { cluster, namespace }, ports, signal);
  const former = known.find((one) => one.name === name);
  if (former === undefined) {
    requireRoom(production, known);
    await requireStandIns(production, name);
    const object = { apiVersion: apiVersionOf(resources.Environment), kind: "Environment", metadata: { name, namespace }, spec };
    await cluster.api.create(resources.Environment, object, signal).catch((error: unknown) => {
      if (error instanceof HowdahError && error.code === "cluster/conflict") throw exists(name, production.site.name);
      throw error;
    });
  } else requireUnfinished(former, spec);
  return await followEnvironment({ cluster, of: namespace, name, reset: null, patienceMs: request.patienceMs }, ports, context);
}

function requireName({ site }: SiteRecord, name: string): void {
  if (site.preview !== undefined)
    throw new HowdahError("usage/invalid", `${site.name} is an environment itself`, {
      hint: `\`howdah env create ${name} ${site.preview.of} --clone-of ${site.environment}\` copies it.`,
    });
  if (nameOfEnvironment(site.name, name) !== undefined && name !== "production") return;
  throw new HowdahError("usage/invalid", `${JSON.stringify(name)} can't name an environment of ${site.name}`, {
    hint: "Small letters, digits and single hyphens, 24 at most, and 54 with the site's name; `production` is the site itself.",
  });
}

function requireRoom({ site }: SiteRecord, known: readonly FoundEnvironment[]): void {
  const { limit } = environmentTerms(site);
  const there = known.filter(({ spec }) => spec.site === site.name);
  if (there.length >= limit)
    throw new HowdahError("environment/limit", `${site.name} has ${String(there.length)} environments, and may have ${String(limit)}`);
}

/** Named before anything is made: the operator would make a namespace first. */
async function requireStandIns({ site }: SiteRecord, name: string): Promise<void> {
  const namespace = `${site.name}--${name}`;
  const nothing = { get: () => Promise.resolve(undefined) };
  const missing = await missingStandIns({ namespace, production: site, given: [] }, { secrets: nothing });
  if (missing.length === 0) return;
  throw new HowdahError(
    "site/invalid",
    `An environment gets none of production's secrets, and nothing stands in for ${missing.join(", ")}`,
    { hint: "Say what does in `spec.environments.secrets` of the site file, and deploy that." },
  );
}

/** What was cut off goes on; everything else is there already. */
function requireUnfinished(former: FoundEnvironment, { data }: Pick<EnvironmentSpec, "data">): void {
  const { object, spec, status, name } = former;
  if (object.metadata.deletionTimestamp !== undefined)
    throw new HowdahError("environment/exists", `${former.namespace} is being deleted`, { hint: "Try again when it is gone." });
  const isSame = JSON.stringify(spec.data) === JSON.stringify(data);
  if (!isSame || status.url !== undefined || (status.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True"))
    throw exists(name, spec.site);
}

function exists(name: string, site: string): HowdahError {
  return new HowdahError("environment/exists", `There is an environment ${site}--${name} already`, {
    hint: `\`howdah env reset ${name} ${site} --context\` makes it anew, \`howdah env delete ${name} ${site} --context\` takes it away.`,
  });
}

async function specOf(
  { site }: SiteRecord,
  request: ClusterCreate,
  { cluster, namespace }: ClusterPlace,
  { clock, settings }: Pick<Ports, "clock" | "settings">,
  signal: AbortSignal,
): Promise<EnvironmentSpec> {
  const { hostname, size, php, variables, password, data } = request;
  const until = untilOf(request.ttl ?? environmentTerms(site).ttl, clock.now());
  const of = data.kind === "clone" ? (await requireClusterEnvironment(data.of, namespace, cluster, signal)).name : undefined;
  if (of === request.name) throw new HowdahError("usage/invalid", `${site.name}--${of} can't be a copy of itself`);
  return {
    site: site.name,
    data: of !== undefined ? { clone: { of } } : data.kind === "fresh" ? { fresh: {} } : { dataset: generationOf(data) },
    owner: request.owner ?? settings.who,
    ...(until === null ? {} : { until }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(size === undefined ? {} : { size }),
    ...(php === null ? {} : { php }),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...(password === undefined ? {} : { password }),
  };
}

function generationOf(data: CreateRequest["data"]): { readonly generation?: string } {
  return data.kind === "dataset" && data.generation !== undefined ? { generation: data.generation } : {};
}
