import { HowdahError } from "../../kernel/howdah-error.ts";
import { RESET_ANNOTATION } from "../../kernel/label.ts";
import { ACCESS_SECRET } from "../../kernel/own-names.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { catchesMail, MAIL_VIEW } from "../../render/mail/caught-mail.ts";
import type { StatusCondition } from "../../resources/schema/condition.ts";
import type { EnvironmentSpec, EnvironmentStatus } from "../../resources/schema/environment.ts";
import { ACCESS_USER } from "../environment/access-password.ts";
import type { EnvironmentData } from "../environment/environment.ts";
import type { Lifetime } from "../environment/lifetime.ts";
import type { ListedEnvironment } from "../environment/list-environments.ts";
import type { ShownEnvironment } from "../environment/show-environment.ts";
import type { Ports } from "../ports.ts";

type Cluster = Pick<ConnectedCluster, "api" | "context">;

/** An environment for development or review as the cluster has it. */
export interface FoundEnvironment {
  readonly object: KubeObject;
  readonly spec: EnvironmentSpec & { readonly data: NonNullable<EnvironmentSpec["data"]> };
  readonly status: EnvironmentStatus;
  /** The namespace of its site, in which its resource lies. */
  readonly of: string;
  readonly name: string;
  /** The namespace that was made for it, or will be. */
  readonly namespace: string;
}

/** The namespace of an environment: that of its site, which no other site of the cluster has, and its name. */
export function namespaceOf(of: string, name: string): string {
  return `${of}--${name}`;
}

/** Reads a resource; undefined for the one environment that a site's namespace is. */
export function foundEnvironment(object: KubeObject): FoundEnvironment | undefined {
  const spec = object["spec"] as EnvironmentSpec;
  const { data } = spec;
  if (data === undefined) return undefined;
  const status = (object["status"] as EnvironmentStatus | undefined) ?? {};
  const { name, namespace: of = "" } = object.metadata;
  return { object, spec: { ...spec, data }, status, of, name, namespace: namespaceOf(of, name) };
}

/** Those of a namespace, or of all that may be read, by name. */
export async function clusterEnvironments(
  { api }: Cluster,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly FoundEnvironment[]> {
  const { items } = await api.list(resources.Environment, namespace === undefined ? {} : { namespace }, signal);
  const found = items.flatMap((object) => foundEnvironment(object) ?? []);
  return found.toSorted((a, b) => (`${a.of}/${a.name}` < `${b.of}/${b.name}` ? -1 : 1));
}

/** The environment that a person means: `shop--review`, or `review` where only one site has one of that name. Error: `environment/unknown`. */
export async function requireClusterEnvironment(
  name: string,
  namespace: string | undefined,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<FoundEnvironment> {
  const known = await clusterEnvironments(cluster, namespace, signal);
  const [found, another] = known.filter((one) => [one.name, one.namespace].includes(name));
  if (found !== undefined && another === undefined) return found;
  const { context } = cluster;
  if (another !== undefined)
    throw new HowdahError("environment/unknown", `Several sites of ${context} have an environment ${name}`, {
      hint: "Name its site, too, or its namespace with `--namespace`.",
    });
  const names = known.map((one) => one.namespace);
  const where = namespace === undefined ? "" : ` in the namespace ${namespace}`;
  throw new HowdahError("environment/unknown", `There is no environment ${JSON.stringify(name)}${where} of the cluster ${context}`, {
    hint: names.length === 0 ? "`howdah env create NAME SITE --context` makes one." : `There are: ${names.slice(0, 20).join(", ")}.`,
  });
}

/** As lists of one machine show it. */
export function listedEnvironment(found: FoundEnvironment, now: number): ListedEnvironment {
  const { namespace, name, of, spec, status, object } = found;
  const { owner = "", until = null } = spec;
  return {
    ...{ namespace, name, of, owner, until, url: status.url ?? null, ownBytes: null },
    ...stateOf(found),
    code: { kind: "release", release: status.release ?? spec.release ?? "" },
    data: dataOf(found),
    createdAt: object.metadata.creationTimestamp ?? "",
    lifetime: lifetimeOf(until, now),
  };
}

/** On a cluster there is no grace: the operator deletes it when its time is over. */
function lifetimeOf(until: string | null, now: number): Lifetime {
  if (until === null) return { state: "alive", leftMs: null };
  const leftMs = Date.parse(until) - now;
  return leftMs > 0 ? { state: "alive", leftMs } : { state: "due" };
}

/** What its data began as, in the words of one machine. */
export function dataOf({ spec: { data }, status, of }: FoundEnvironment): EnvironmentData {
  if ("clone" in data) return { kind: "clone", of: namespaceOf(of, data.clone.of) };
  if ("fresh" in data) return { kind: "fresh" };
  return { kind: "dataset", generation: status.generation ?? data.dataset.generation ?? "" };
}

/** A condition that holds. */
export function holds({ conditions = [] }: EnvironmentStatus, type: string): StatusCondition | undefined {
  return conditions.find((one) => one.type === type && one.status === "True");
}

/** Whether the operator has seen what was asked for last. */
export function isSeen({ object: { metadata }, status }: Pick<FoundEnvironment, "object" | "status">): boolean {
  return (status.observedGeneration ?? 0) >= (metadata.generation ?? 1);
}

function stateOf(found: FoundEnvironment): Pick<ListedEnvironment, "state" | "because"> {
  const { object, status } = found;
  const stalled = holds(status, "Stalled");
  const going = holds(status, "Reconciling")?.message ?? null;
  if (object.metadata.deletionTimestamp !== undefined) return { state: "deleting", because: stalled?.message ?? going };
  if (stalled !== undefined) return { state: "failed", because: stalled.message };
  if (!isSeen(found) && status.observedGeneration === undefined)
    return { state: "creating", because: "the operator has not looked at it yet" };
  const reset = object.metadata.annotations?.[RESET_ANNOTATION];
  if (reset !== undefined && reset !== status.reset) return { state: "resetting", because: going };
  if (holds(status, "Ready") !== undefined) return { state: "running", because: null };
  return { state: status.url === undefined ? "creating" : "changing", because: going };
}

/** With what is in its own namespace. `there`: the ports of that. Error: `cluster/forbidden` for whoever may not read its secrets. */
export async function showClusterEnvironment(found: FoundEnvironment, there: Ports, now: number): Promise<ShownEnvironment> {
  const listed = listedEnvironment(found, now);
  const record = await there.records.get(found.namespace);
  const site = record?.site;
  const asks = found.spec.password ?? site?.preview?.password ?? false;
  const password = asks ? (await there.secrets.get(found.namespace, ACCESS_SECRET))?.["password"] : undefined;
  return {
    ...listed,
    ...{ user: ACCESS_USER, password: password?.reveal() ?? null },
    ...{ hostnames: site?.hostnames ?? [], allow: site?.preview?.allow ?? [] },
    mailUrl: site !== undefined && listed.url !== null && catchesMail(site) ? new URL(MAIL_VIEW, listed.url).href : null,
  };
}
