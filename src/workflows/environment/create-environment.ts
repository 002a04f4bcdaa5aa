import { HowdahError } from "../../kernel/howdah-error.ts";
import type { WantedCommit } from "../../providers/git/worktree.ts";
import { environmentTerms, idleSecondsOf, nameOfEnvironment } from "../../site/site-of-environment.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { wakeSite } from "../idle/wake-site.ts";
import { requireActive } from "../tenant/tenant.ts";
import { type Credentials, credentialsOf } from "../up/credentials-of.ts";
import type { UpResult } from "../up/up.ts";
import { type BroughtUp, type EnvironmentSource, releaseSource, serveEnvironment, withCommit } from "./bring-up-environment.ts";
import { changeEnvironment, type EnvironmentRecord, environmentsOf, environmentStore, serving, withEnvironment } from "./environment.ts";
import { cloneSource, type WantedData } from "./environment-data.ts";
import { untilOf } from "./lifetime.ts";
import { requireReadable, SAME_VERSION } from "./require-readable.ts";
import { type GivenSecret, placeSecrets, requireStandIns } from "./stand-ins.ts";
import { tearDown } from "./tear-down.ts";

/** `howdah env create` as typed. Undefined: as the site file says. */
export interface CreateRequest {
  readonly name: string;
  /** Undefined: the images of the release that serves. */
  readonly code: WantedCommit | undefined;
  /** The site's file in the repository that has the commit, such as a pipeline's checkout. Undefined: where the site was deployed from. */
  readonly checkout: string | undefined;
  readonly data: WantedData;
  readonly ttl: string | undefined;
  readonly hostname: string | undefined;
  readonly size: EnvironmentRecord["wishes"]["size"] | undefined;
  readonly php: EnvironmentRecord["wishes"]["php"];
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: readonly GivenSecret[];
  readonly password: boolean | undefined;
  /** `30m` or `never`. */
  readonly idle: string | undefined;
  readonly owner: string | undefined;
  /** How long to wait for memory. */
  readonly patienceMs: number;
}

/** What was made. */
export interface Created extends UpResult {
  readonly environment: EnvironmentRecord;
  /** Of an administrator that the install hook has made. */
  readonly credentials: Credentials | null;
}

/**
 * Makes an environment of a site: its description first, then what it describes. Killed anywhere, the description says what was begun: the same command goes on,
 * or the agent takes away what there is. With a branch and a name that is there already the branch's newest commit takes the place of the one that serves,
 * and data stays. Errors: `environment/exists`, `environment/limit`, `site/invalid`, `dataset/none`, and those of bringing a site up.
 */
export async function createEnvironment(
  production: SiteRecord,
  request: CreateRequest,
  ports: Ports,
  context: EngineContext,
): Promise<Created> {
  const namespace = requireName(production, request.name);
  return await withEnvironment(namespace, "env create", ports, async () => {
    await requireActive(production.site, ports);
    const former = await environmentStore(ports).get(namespace);
    const follows = former !== undefined && isWhole(former);
    if (follows && (request.code === undefined || former.code.kind === "release")) throw exists(former);
    if (!follows) await refuseStranger(namespace, ports);
    await requireRoom(production, namespace, ports);
    await requireStandIns({ namespace, production: production.site, given: request.secrets }, ports);
    const description = follows ? former : await describe(production, namespace, request, ports);
    const by = await ports.machine.processIdentity();
    const work = { verb: "create", since: new Date(ports.clock.now()).toISOString(), by } as const;
    const record: EnvironmentRecord = { ...description, work: follows ? null : work, failure: null };
    // Of a former attempt nothing is worth keeping.
    if (former !== undefined && !follows) await tearDown(namespace, ports, context);
    await environmentStore(ports).put(namespace, record);
    const made = await bringUpCreated({ record, production, request, follows }, ports, context).catch(async (error: unknown) => {
      await (follows ? noteNotFollowed(record, request, error, ports) : noteFailure(namespace, error, ports));
      throw error;
    });
    const environment = await changeEnvironment(namespace, (now) => serving({ ...now, ...made.settled }), ports);
    const isNew = made.settled.data.kind === "fresh" && made.result.showCredentials;
    const credentials = await credentialsOf(made.result.record.site, isNew, ports);
    return { ...made.result, environment: environment ?? record, credentials };
  });
}

interface ToCreate {
  readonly record: EnvironmentRecord;
  readonly production: SiteRecord;
  readonly request: CreateRequest;
  /** It serves already, and gets another commit: its data stays. */
  readonly follows: boolean;
}

async function bringUpCreated(
  { record, production, request, follows }: ToCreate,
  ports: Ports,
  context: EngineContext,
): Promise<BroughtUp> {
  const { namespace } = record;
  await placeSecrets({ namespace, production: production.site, given: request.secrets }, ports);
  if (follows) await wakeSite({ namespace }, ports, context); // its server must run beside the new pods
  const there = follows ? (await ports.records.get(namespace))?.site : undefined;
  const preview = there?.preview;
  const data = preview === undefined ? { wanted: request.data } : { pinned: record.data, snapshots: preview.data };
  const patienceMs = follows ? null : request.patienceMs;
  const serve = (source: EnvironmentSource): Promise<BroughtUp> => {
    const version = there?.database?.version ?? null;
    requireReadable({ what: namespace, version, hint: SAME_VERSION }, source.siteWith({ database: null, mounts: {} }));
    return serveEnvironment({ record, production, source, data, patienceMs, replaces: follows }, ports, context);
  };
  const { code, checkout } = request;
  if (code !== undefined) return await withCommit(record, { production, code, checkout }, ports, serve);
  return await serve(await releaseSource(record, production, ports));
}

function requireName({ namespace, site }: SiteRecord, name: string): string {
  if (site.preview !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} is an environment itself`, {
      hint: `\`howdah env create ${name} ${site.preview.of} --clone-of ${namespace}\` copies it.`,
    });
  if (site.tenant !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} is a tenant's: environments of such sites are not made by this version`);
  const own = nameOfEnvironment(namespace, name);
  if (own !== undefined) return own;
  throw new HowdahError("usage/invalid", `${JSON.stringify(name)} can't name an environment of ${namespace}`, {
    hint: "Small letters, digits and single hyphens, 24 at most, and 54 with the site's name.",
  });
}

/** It came into service once, and nobody is at it or was cut off. */
function isWhole({ work, failure }: EnvironmentRecord): boolean {
  return work === null && failure === null;
}

function exists({ namespace, name, of }: EnvironmentRecord): HowdahError {
  return new HowdahError("environment/exists", `There is an environment ${namespace} already`, {
    hint: `\`howdah env reset ${name} ${of}\` makes it anew, \`howdah env delete ${name} ${of}\` takes it away.`,
  });
}

/** `shop--review` may be a tenant's site, too. */
async function refuseStranger(namespace: string, ports: Ports): Promise<void> {
  const known = (await ports.records.get(namespace)) ?? (await ports.retained.get(namespace))?.record;
  if (known === undefined || known.site.preview !== undefined) return;
  throw new HowdahError("site/name-taken", `${namespace} is a site that is no environment`, { hint: "Choose another name." });
}

async function requireRoom({ namespace: of, site }: SiteRecord, namespace: string, ports: Ports): Promise<void> {
  const others = (await environmentsOf(of, ports)).filter((one) => one.namespace !== namespace);
  const { limit } = environmentTerms(site);
  if (others.length < limit) return;
  throw new HowdahError("environment/limit", `${of} has ${String(others.length)} environments, and may have ${String(limit)}`);
}

async function describe(
  { namespace: of, site }: SiteRecord,
  namespace: string,
  request: CreateRequest,
  ports: Ports,
): Promise<Omit<EnvironmentRecord, "work" | "failure">> {
  const terms = environmentTerms(site);
  const now = ports.clock.now();
  const { name } = request;
  const data = request.data.kind === "clone" ? await cloneSource(request.data.of, { namespace, of }, ports) : request.data;
  return {
    ...{ namespace, name, of, owner: request.owner ?? ports.settings.who, createdAt: new Date(now).toISOString() },
    // Which release and generation they are is written down when they are pinned.
    code: codeOf(request.code),
    data: data.kind === "dataset" ? { kind: "dataset", generation: data.generation ?? "" } : data,
    until: untilOf(request.ttl ?? terms.ttl, now),
    wishes: {
      ...{ hostname: request.hostname ?? null, size: request.size ?? terms.size, php: request.php, variables: request.variables },
      ...{ password: request.password ?? terms.password, idleSeconds: idleSecondsOf({ idle: request.idle ?? terms.idle }) },
    },
  };
}

/** What serves is what it was. */
async function noteNotFollowed({ namespace }: EnvironmentRecord, { code }: CreateRequest, error: unknown, ports: Ports): Promise<void> {
  const why = error instanceof Error ? error.message : String(error);
  const which = code === undefined ? "it" : "branch" in code ? code.branch : code.commit.slice(0, 10);
  await changeEnvironment(namespace, (now) => ({ ...now, notFollowed: `${which} could not be brought into service: ${why}` }), ports);
}

function codeOf(code: CreateRequest["code"]): EnvironmentRecord["code"] {
  if (code === undefined) return { kind: "release", release: "" };
  return "branch" in code ? { kind: "commit", commit: "", branch: code.branch } : { kind: "commit", commit: code.commit, branch: null };
}

async function noteFailure(namespace: string, error: unknown, ports: Ports): Promise<void> {
  const failure = error instanceof Error ? error.message : String(error);
  await changeEnvironment(namespace, (now) => ({ ...now, work: null, failure }), ports);
}
