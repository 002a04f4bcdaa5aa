import { HowdahError } from "../../kernel/howdah-error.ts";
import { ENVIRONMENT_OF_ANNOTATION } from "../../kernel/label.ts";
import { apiVersionOf, resources } from "../../kubernetes/resources.ts";
import type { EnvironmentSpec, EnvironmentStatus } from "../../resources/schema/environment.ts";
import { environmentTerms, nameOfEnvironment } from "../../site/site-of-environment.ts";
import type { CreateRequest } from "../environment/create-environment.ts";
import { untilOf } from "../environment/lifetime.ts";
import { missingStandIns } from "../environment/stand-ins.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { clusterEnvironments, type FoundEnvironment, holds, namespaceOf, requireClusterEnvironment } from "./cluster-environments.ts";
import { type ClusterPlace, POLL_MS } from "./cluster-place.ts";
import { followEnvironment } from "./follow-environment.ts";

/** What is asked for on a cluster: no code but that of a release, and nothing of one machine. */
export type ClusterCreate = Pick<
  CreateRequest,
  "name" | "data" | "secrets" | "ttl" | "hostname" | "size" | "php" | "variables" | "password" | "owner"
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
  ports: CreatePorts,
  context: EngineContext,
): Promise<FoundEnvironment> {
  const { signal } = context;
  const { name, patienceMs, secrets } = request;
  requireName(production, name, namespace);
  const known = await clusterEnvironments(cluster, namespace, signal);
  const spec = await specOf(production, request, { cluster, namespace }, ports, signal);
  const former = known.find((one) => one.name === name);
  if (former === undefined) {
    requireRoom(production, known);
    requireNoOther(production, secrets);
    await requireStandIns(production, secrets);
    const object = { apiVersion: apiVersionOf(resources.Environment), kind: "Environment", metadata: { name, namespace }, spec };
    await cluster.api.create(resources.Environment, object, signal).catch((error: unknown) => {
      if (error instanceof HowdahError && error.code === "cluster/conflict") throw exists(name, namespace, cluster);
      throw error;
    });
  } else requireUnfinished(former, spec, cluster);
  if (secrets.length > 0) await giveSecrets({ cluster, of: namespace, name }, request, ports, signal);
  const graceMs = former !== undefined || secrets.length > 0 ? LOOK_AGAIN_MS : 0;
  return await followEnvironment({ cluster, of: namespace, name, reset: null, patienceMs, graceMs }, ports, context);
}

type CreatePorts = Pick<Ports, "clock" | "settings" | "clusters">;

/** The operator looks again at what waits for a person every 5 s. */
const LOOK_AGAIN_MS = 15_000;

function requireName({ site }: SiteRecord, name: string, of: string): void {
  if (site.preview !== undefined)
    throw new HowdahError("usage/invalid", `${site.name} is an environment itself`, {
      hint: `\`howdah env create ${name} ${site.preview.of} --clone-of ${site.environment}\` copies it.`,
    });
  const fits = nameOfEnvironment(site.name, name) !== undefined && namespaceOf(of, name).length <= LONGEST_NAMESPACE;
  if (fits && name !== "production") return;
  throw new HowdahError("usage/invalid", `${JSON.stringify(name)} can't name an environment of ${site.name}`, {
    hint: "Small letters, digits and single hyphens, 24 at most, and 54 with the site's name; `production` is the site itself.",
  });
}

const LONGEST_NAMESPACE = 63;

function requireRoom({ site }: SiteRecord, known: readonly FoundEnvironment[]): void {
  const { limit } = environmentTerms(site);
  const there = known.filter(({ spec }) => spec.site === site.name);
  if (there.length >= limit)
    throw new HowdahError("environment/limit", `${site.name} has ${String(there.length)} environments, and may have ${String(limit)}`);
}

/** The operator places what the site file says at once: which of two it would be is nobody's to know. */
function requireNoOther({ site }: SiteRecord, given: ClusterCreate["secrets"]): void {
  const terms = Object.keys(environmentTerms(site).secrets);
  const twice = given.find(({ name, key }) => terms.some((one) => one === `${name}/${key}` || (one === name && key === "value")));
  if (twice !== undefined)
    throw new HowdahError(
      "usage/invalid",
      `The site file says what stands in for ${twice.name}/${twice.key}: on a cluster it can't be given, too`,
    );
}

/** Named before anything is made: the operator would make a namespace first. */
async function requireStandIns({ site }: SiteRecord, given: ClusterCreate["secrets"]): Promise<void> {
  const nothing = { get: () => Promise.resolve(undefined) };
  const missing = await missingStandIns({ namespace: site.name, production: site, given }, { secrets: nothing });
  if (missing.length === 0) return;
  throw new HowdahError(
    "site/invalid",
    `An environment gets none of production's secrets, and nothing stands in for ${missing.join(", ")}`,
    {
      hint: `Say what does in \`spec.environments.secrets\` of the site file and deploy that, or give it with \`--secret ${missing[0] ?? ""}=FILE\`.`,
    },
  );
}

/** What was cut off goes on; everything else is there already. */
function requireUnfinished(former: FoundEnvironment, { data }: Pick<EnvironmentSpec, "data">, cluster: ClusterPlace["cluster"]): void {
  const { object, spec, status, name } = former;
  if (object.metadata.deletionTimestamp !== undefined)
    throw new HowdahError("environment/exists", `${former.namespace} is being deleted`, { hint: "Try again when it is gone." });
  const isSame = JSON.stringify(spec.data) === JSON.stringify(data);
  if (!isSame || status.url !== undefined || (status.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True"))
    throw exists(name, former.of, cluster);
}

function exists(name: string, of: string, { context }: ClusterPlace["cluster"]): HowdahError {
  const own = namespaceOf(of, name);
  return new HowdahError("environment/exists", `There is an environment ${own} already`, {
    hint: `\`howdah env reset ${own} --context ${context}\` makes it anew, \`howdah env delete ${own} --context ${context}\` takes it away.`,
  });
}

/**
 * Puts what a person gave for secrets of the site into the environment's own namespace, once the operator has made that: it waits for them there. What was there
 * before belongs to somebody else: nothing is written to a namespace that is not marked as this environment's.
 */
async function giveSecrets(
  { cluster, of, name }: { readonly cluster: ClusterPlace["cluster"]; readonly of: string; readonly name: string },
  { secrets, patienceMs }: ClusterCreate,
  { clock, clusters }: CreatePorts,
  signal: AbortSignal,
): Promise<void> {
  const namespace = namespaceOf(of, name);
  const until = clock.now() + patienceMs;
  const place = { resource: resources.Namespace, namespace: undefined, name: namespace };
  while ((await cluster.api.get(place, signal))?.metadata.labels?.[ENVIRONMENT_OF_ANNOTATION] !== of) {
    // What stands in its way is told by whoever follows it.
    if (clock.now() >= until || (await isStalled())) return;
    await clock.sleep(POLL_MS, signal);
  }
  const there = await clusters.ports(cluster, namespace);
  for (const { name: secret, key, value } of secrets) await there.secrets.set(namespace, secret, { [key]: value });

  async function isStalled(): Promise<boolean> {
    const object = await cluster.api.get({ resource: resources.Environment, namespace: of, name }, signal);
    return object === undefined || holds((object["status"] as EnvironmentStatus | undefined) ?? {}, "Stalled") !== undefined;
  }
}

async function specOf(
  { site }: SiteRecord,
  request: ClusterCreate,
  { cluster, namespace }: ClusterPlace,
  { clock, settings }: CreatePorts,
  signal: AbortSignal,
): Promise<EnvironmentSpec> {
  const { hostname, size, php, variables, password, data } = request;
  const until = untilOf(request.ttl ?? environmentTerms(site).ttl, clock.now());
  const of = data.kind === "clone" ? (await requireClusterEnvironment(data.of, namespace, cluster, signal)).name : undefined;
  if (of === request.name) throw new HowdahError("usage/invalid", `${namespaceOf(namespace, of)} can't be a copy of itself`);
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
