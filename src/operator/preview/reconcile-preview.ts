import { HowdahError } from "../../kernel/howdah-error.ts";
import { RETRY_ANNOTATION } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { OPERATOR_NAME, OWN_NAMESPACE } from "../../resources/install/operator-objects.ts";
import { ENVIRONMENT_ROLE } from "../../resources/install/operator-role.ts";
import { type EnvironmentStatus, environmentSpec } from "../../resources/schema/environment.ts";
import type { Preview, Site } from "../../site/site.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import type { BuiltRelease } from "../../workflows/cluster/release-resource.ts";
import { placeSecrets, requireStandIns } from "../../workflows/environment/stand-ins.ts";
import { tearDown } from "../../workflows/environment/tear-down.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { OWN_API_VERSION } from "../site/decide-site.ts";
import { conditionIn, conditionsOf, statusOf, type Verdict, writeStatus } from "../status.ts";
import { copyPullSecret, guardNamespace } from "../tenant/guard-namespace.ts";
import { TENANT_LABEL } from "../tenant/tenant-objects.ts";
import { beganAs, isOfMaking, nextRelease, previewSite, wantedMaking, whyRefused } from "./decide-preview.ts";
import { generationsOf, letGo, pinData } from "./pin-data.ts";
import { OF_LABEL, previewNamespace, RELEASE_OF_ANNOTATION, RESET_DONE_ANNOTATION } from "./preview-place.ts";
import { dropFormer, holdPreview, removePreview } from "./remove-preview.ts";
import { seePreview, type SeenPreview } from "./see-preview.ts";
import { keepWayOut } from "./way-out.ts";

/** While it is made: snapshots are not watched. Milliseconds. */
const SOON_MS = 200;
/** What waits for a person, for a dataset, or for room. */
const LATER_MS = 5000;
/** What is not watched of one that is well: its tenant, names that it may connect to. */
const RESYNC_MS = 60_000;

/** How far a look got: what is said of it, and when the next one comes. */
interface Look extends Outcome {
  readonly verdicts: readonly Verdict[];
}

/**
 * Brings an environment for development or review to what it asks for: a namespace of its own, guarded as its site's, copies of data, stand-ins for secrets,
 * and a release with an Environment `production` there, which the same operator takes into service as any other's. Each look reads how far it is and goes as
 * far as it gets, so killed anywhere the next one goes on.
 */
export async function reconcilePreview(object: KubeObject, ports: OperatorPorts, signal: AbortSignal): Promise<Outcome> {
  if (object.metadata.deletionTimestamp !== undefined) return await removePreview(object, ports, signal);
  const read = environmentSpec.safeParse(object["spec"]);
  const { name, namespace: of = "" } = object.metadata;
  const namespace = previewNamespace(of, name);
  if (!read.success || read.data.data === undefined || namespace === undefined) {
    const [issue] = read.error?.issues ?? [];
    const long = `the namespace ${of}--${name} can't be: its name is too long, or none of an environment`;
    const message = issue === undefined ? long : `spec.${issue.path.join(".")}: ${issue.message}`;
    await report(
      object,
      {},
      [{ ...stalled("SpecInvalid", message), type: "Ready", status: "False" }, stalled("SpecInvalid", message)],
      ports,
    );
    return {};
  }
  const { data, ...rest } = read.data;
  const seen = await seePreview(object, { ...rest, data }, namespace, ports, signal);
  if (await endIfDue(seen, ports, signal)) return {};
  if (rest.suspend === true) return {};
  const { verdicts, again } = await bring(seen, ports, signal).catch((error: unknown) => failed(error, seen, signal));
  await report(object, await factsOf(seen, ports, signal), verdicts, ports);
  const until = rest.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(rest.until) - ports.clock.now();
  return { again: Math.max(0, Math.min(again ?? RESYNC_MS, until)) };
}

/** Its time is over: it deletes itself, but never while it is being made. */
async function endIfDue({ object, spec, inner, of }: SeenPreview, ports: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  if (spec.until === undefined || Date.parse(spec.until) > ports.clock.now()) return false;
  const status = statusOf<EnvironmentStatus>(object);
  const going = conditionIn(status, "Reconciling")?.status === "True" && conditionIn(status, "Stalled") === undefined;
  if (inner !== undefined && going) return false;
  const { name, uid = "" } = object.metadata;
  ports.log("info", "the time of an environment is over", { namespace: of, environment: name });
  await ports.api.delete({ resource: resources.Environment, namespace: of, name }, { preconditions: { uid } }, signal);
  return true;
}

async function bring(seen: SeenPreview, ports: OperatorPorts, signal: AbortSignal): Promise<Look> {
  const refused = whyRefused(seen);
  const { release, tenant, namespace, of, object, space } = seen;
  if (refused !== undefined || release === undefined || tenant === undefined)
    return { verdicts: refused === undefined ? mirrored(seen) : because(seen, refused), again: LATER_MS };
  if (space?.metadata.deletionTimestamp !== undefined)
    return soon(seen, "NamespaceGoing", `The namespace ${namespace} is on its way out`, ports);
  await holdPreview(object, ports, signal);
  const guarded = {
    namespace,
    tenant: tenant.object,
    spec: tenant.spec,
    labels: { [OF_LABEL]: of },
    more: [ownRight(namespace, tenant.object.metadata.name)],
  };
  await guardNamespace(guarded, ports, signal);
  const account = { resource: resources.ServiceAccount, namespace, name: "default" };
  if (tenant.spec.pullSecret !== undefined && (await ports.api.get(account, signal)) === undefined)
    return soon(seen, "MakingNamespace", `The namespace ${namespace} has no service account yet`, ports);
  const pulled = await copyPullSecret([namespace], tenant.spec, ports, signal);
  if (pulled !== undefined) return { verdicts: because(seen, stalled("PullSecretMissing", pulled)), again: LATER_MS };
  if (tenant.spec.suspended === true && seen.inner === undefined)
    return { verdicts: making("TenantSuspended", `The tenant ${tenant.object.metadata.name} is suspended`), again: LATER_MS };
  return await keep(seen, release, ports, signal);
}

/** Volumes are deleted in namespaces of environments, and nowhere else: the operator has no right to it there. */
function ownRight(namespace: string, tenant: string): KubeObject {
  const group = "rbac.authorization.k8s.io";
  return {
    ...{ apiVersion: `${group}/v1`, kind: "RoleBinding" },
    metadata: { name: ENVIRONMENT_ROLE, namespace, labels: { "app.kubernetes.io/managed-by": "howdah", [TENANT_LABEL]: tenant } },
    roleRef: { apiGroup: group, kind: "ClusterRole", name: ENVIRONMENT_ROLE },
    subjects: [{ kind: "ServiceAccount", name: OPERATOR_NAME, namespace: OWN_NAMESPACE }],
  };
}

/** Its data, its secrets, its release, and who takes that into service. */
async function keep(seen: SeenPreview, release: BuiltRelease, ports: OperatorPorts, signal: AbortSignal): Promise<Look> {
  const { namespace, object, releases } = seen;
  const wanted = wantedMaking(object);
  const [newest] = releases;
  const isMade = isOfMaking(newest, wanted);
  const change = isMade ? nextRelease(seen, release, { ...beganAs(newest), making: wanted }, rfc3339(ports)) : undefined;
  if (!isMade || change !== undefined) await standIns(namespace, release.site, ports);
  if (isMade) return await serve(seen, change, previewSite(seen, release, beganAs(newest).data), ports, signal);
  const former = newest === undefined ? null : beganAs(newest).generation;
  const draft = previewSite(seen, release, NOTHING);
  const question = { of: seen.of, namespace, data: seen.spec.data, asked: wanted.generation, former, site: draft };
  const documents = generationsOf(seen.of, ports);
  const pinned = await pinData(question, { api: ports.api, documents, now: rfc3339(ports), copiesClass: ports.copiesClass }, signal);
  if ("waits" in pinned) return soon(seen, pinned.troubled ? "SnapshotFailed" : "CopyingData", pinned.waits, ports);
  if (newest !== undefined && (await clear(seen, ports, signal))) return soon(seen, "Resetting", "What ran is taken away", ports);
  await dropFormer(namespace, namesOf(pinned.data), ports, signal);
  await letGo(namespace, pinned.generation, documents);
  const first = nextRelease(seen, release, { making: wanted, ...pinned }, rfc3339(ports));
  return await serve(seen, first, previewSite(seen, release, pinned.data), ports, signal);
}

const NOTHING: Preview["data"] = { database: null, mounts: {} };

function namesOf({ database, mounts }: Preview["data"]): ReadonlySet<string> {
  return new Set([...(database === null ? [] : [database]), ...Object.values(mounts)]);
}

function rfc3339({ clock }: OperatorPorts): string {
  return new Date(clock.now()).toISOString();
}

/** Production's are never looked up. Error: `site/invalid` with the names of all that nothing stands in for. */
async function standIns(namespace: string, production: Site, ports: OperatorPorts): Promise<void> {
  const there = ports.portsFor(namespace);
  const sources = { namespace, production, given: [] };
  await requireStandIns(sources, there);
  await placeSecrets(sources, there);
}

/** Before it is made anew: pods and volumes go, secrets stay. True while what runs is still on its way out. */
async function clear({ inner, namespace }: SeenPreview, ports: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  if (inner !== undefined) {
    const { uid = "", deletionTimestamp } = inner.metadata;
    const place = { resource: resources.Environment, namespace, name: PRODUCTION };
    if (deletionTimestamp === undefined) await ports.api.delete(place, { preconditions: { uid } }, signal);
    return true;
  }
  await tearDown(namespace, ports.portsFor(namespace), { emit: () => undefined, signal });
  return false;
}

async function serve(
  seen: SeenPreview,
  release: KubeObject | undefined,
  site: Site,
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<Look> {
  const { api } = ports;
  const { namespace, object, inner } = seen;
  if (release !== undefined) {
    await api.create(resources.Release, release, signal);
    ports.log("info", "release of an environment made", { namespace, release: release.metadata.name });
  }
  if (inner?.metadata.deletionTimestamp !== undefined) return soon(seen, "Resetting", "What ran is taken away", ports);
  const retry = object.metadata.annotations?.[RETRY_ANNOTATION];
  const annotations = retry === undefined ? {} : { annotations: { [RETRY_ANNOTATION]: retry } };
  const metadata = { name: PRODUCTION, namespace, ...annotations };
  const spec = { site: site.name };
  await api.apply(resources.Environment, { apiVersion: OWN_API_VERSION, kind: "Environment", metadata, spec }, {}, signal);
  const looksUp = await keepWayOut(namespace, site, ports, signal);
  if (release !== undefined || inner === undefined) return { verdicts: [...mirrored(seen), going("Starting", "It is started")] };
  return { verdicts: mirrored(seen), again: looksUp ? LOOK_UP_MS : RESYNC_MS };
}

/** So often names are looked up that an environment may connect to. Milliseconds. */
const LOOK_UP_MS = 30_000;

function stalled(reason: string, message: string): Verdict {
  return { type: "Stalled", status: "True", reason, message };
}

function going(reason: string, message: string): Verdict {
  return { type: "Reconciling", status: "True", reason, message };
}

function making(reason: string, message: string): readonly Verdict[] {
  return [{ type: "Ready", status: "False", reason, message }, going(reason, message)];
}

function soon({ inner }: SeenPreview, reason: string, message: string, ports: OperatorPorts): Look {
  ports.waitsUnwatched();
  return { verdicts: [readyOf(inner) ?? { type: "Ready", status: "False", reason, message }, going(reason, message)], again: SOON_MS };
}

/** What is wrong, in the words of its error; a look that only a conflict or the API server's absence ended is done again. */
function failed(error: unknown, seen: SeenPreview, signal: AbortSignal): Look {
  if (!(error instanceof HowdahError) || signal.aborted || error.code.startsWith("cluster/")) throw error;
  const { reason, retry } = error.entry;
  const verdict = {
    type: retry === "never" ? "Stalled" : "Reconciling",
    status: "True",
    reason,
    message: `${error.message}. ${error.hint}`,
  } as const;
  return { verdicts: because(seen, verdict), again: LATER_MS };
}

/** Whether it serves, and what is wrong all the same. */
function because({ inner }: SeenPreview, verdict: Verdict): readonly Verdict[] {
  return [readyOf(inner) ?? { ...verdict, type: "Ready", status: "False" }, verdict];
}

function readyOf(inner: KubeObject | undefined): Verdict | undefined {
  const found = inner === undefined ? undefined : conditionIn(statusOf<EnvironmentStatus>(inner), "Ready");
  if (found === undefined) return undefined;
  const { status, reason, message } = found;
  return { type: "Ready", status, reason, message };
}

/** What the environment in its namespace says. */
function mirrored({ inner }: SeenPreview): readonly Verdict[] {
  const status = inner === undefined ? {} : statusOf<EnvironmentStatus>(inner);
  const found = (["Ready", "Reconciling", "Stalled", "DatabaseWritable"] as const).flatMap((type) => {
    const condition = conditionIn(status, type);
    if (condition === undefined) return [];
    const { status: holds, reason, message } = condition;
    return [{ type, status: holds, reason, message }];
  });
  return found.some(({ type }) => type === "Ready")
    ? found
    : [{ type: "Ready", status: "False", reason: "NotStarted", message: "Nothing of it serves yet" }, ...found];
}

type Facts = Pick<EnvironmentStatus, "namespace" | "url" | "release" | "generation" | "reset" | "rollout">;

/** As its namespace is now: this look may have made a release. */
async function factsOf({ namespace, inner, space }: SeenPreview, { api }: OperatorPorts, signal: AbortSignal): Promise<Facts> {
  if (space === undefined && inner === undefined) return { namespace };
  const { url, rollout, release: serving } = inner === undefined ? {} : statusOf<EnvironmentStatus>(inner);
  const served = serving === undefined ? undefined : await api.get({ resource: resources.Release, namespace, name: serving }, signal);
  const { [RELEASE_OF_ANNOTATION]: release, [RESET_DONE_ANNOTATION]: reset } = served?.metadata.annotations ?? {};
  const generation = served === undefined ? undefined : (beganAs(served).generation ?? undefined);
  return { namespace, url, release, generation, reset, rollout };
}

async function report(object: KubeObject, facts: Facts, verdicts: readonly Verdict[], { api, clock }: OperatorPorts): Promise<void> {
  const former = statusOf<EnvironmentStatus>(object);
  const generation = object.metadata.generation ?? 1;
  const unique = [...new Map(verdicts.map((one) => [one.type, one])).values()];
  const conditions = conditionsOf(unique, former.conditions, { generation, now: new Date(clock.now()).toISOString() });
  await writeStatus(api, resources.Environment, object, { observedGeneration: generation, conditions, ...facts });
}
