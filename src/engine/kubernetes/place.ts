import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { bytesOf } from "../../kubernetes/quantity.ts";
import type { ObjectKey, Rendered } from "../../render/objects.ts";
import { digestOf } from "../../render/rendered.ts";
import { isOwned, mark, ownedLabels, type Role } from "./marks.ts";
import type { PodTemplateObject, ServiceObject, WorkloadObject } from "./views.ts";

/** How a rendered object is put into a cluster. */
export interface Placing {
  /** Name in the cluster. */
  readonly namespace: string;
  /** What the annotation says: the rendered digest, or that it is not settled. */
  readonly digest: string;
  /** The namespace is stopped: no pods. */
  readonly down: boolean;
  /** Another server answers for the site: Services that visitors come in by lead where they lead. */
  readonly held: boolean;
  /** Objects of the same names as they are, for what others than us decide: an autoscaler's replicas, where a held site's Service leads. */
  readonly live: readonly KubeObject[];
}

/** The digest that every pod of a workload carries: of what was rendered, not of what the cluster made of it. */
export function templateDigest(desired: Rendered): string {
  const { object } = desired;
  return object.kind === "Deployment" || object.kind === "StatefulSet" ? digestOf(object.spec.template).slice(0, 32) : "";
}

/** Completed objects with our labels, so that they are found again, and with what makes pods serve. Pure. */
export function place(completed: readonly KubeObject[], desired: Rendered, placing: Placing): readonly KubeObject[] {
  const autoscaler = completed.find((object) => object.kind === "HorizontalPodAutoscaler") as Autoscaler | undefined;
  return completed.map((object) => {
    const live = placing.live.find((one) => one.kind === object.kind && one.metadata.name === object.metadata.name);
    return marked(inPlace(object, live, desired, placing, autoscaler), desired.key, placing, completed.length);
  });
}

interface Autoscaler extends KubeObject {
  readonly spec: { readonly minReplicas?: number; readonly maxReplicas: number };
}

function marked(object: KubeObject, key: ObjectKey, { namespace, digest }: Placing, parts: number): KubeObject {
  const { metadata } = object;
  const annotations = { ...metadata.annotations, [mark.key]: key, [mark.digest]: digest, [mark.parts]: String(parts) };
  return { ...object, metadata: { ...metadata, namespace, labels: { ...metadata.labels, ...ownedLabels }, annotations } };
}

function inPlace(
  object: KubeObject,
  live: KubeObject | undefined,
  desired: Rendered,
  placing: Placing,
  autoscaler: Autoscaler | undefined,
): KubeObject {
  switch (object.kind) {
    case "Deployment":
    case "StatefulSet":
      return workload(object as WorkloadObject, live as WorkloadObject | undefined, desired, placing, autoscaler);
    case "Service":
      return leading(object as ServiceObject, (placing.held ? roleOf(live as ServiceObject | undefined) : undefined) ?? "serve");
    case "PersistentVolumeClaim":
      return live === undefined ? object : grownClaim(object, live);
    case "PodDisruptionBudget":
      return onlyServing(object);
    default:
      return object;
  }
}

function workload(
  object: WorkloadObject,
  live: WorkloadObject | undefined,
  desired: Rendered,
  { down }: Placing,
  autoscaler: Autoscaler | undefined,
): KubeObject {
  const least = autoscaler?.spec.minReplicas ?? 1;
  const wanted = autoscaler === undefined ? (object.spec.replicas ?? 1) : Math.max(least, object.spec.replicas ?? least);
  // The autoscaler decides while pods run; one that we stopped begins again with what was rendered.
  const scaled = live !== undefined && isOwned(live) ? (live.spec.replicas ?? 0) : 0;
  const replicas = autoscaler !== undefined && scaled > 0 ? Math.min(Math.max(scaled, least), autoscaler.spec.maxReplicas) : wanted;
  const served = live?.metadata.annotations?.[mark.served];
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: {
        ...object.metadata.annotations,
        [mark.replicas]: String(wanted),
        ...(served === undefined ? {} : { [mark.served]: served }),
      },
    },
    spec: {
      ...object.spec,
      replicas: down ? 0 : replicas,
      template: templateFor(object.spec.template, "serve", object.metadata.name, templateDigest(desired)),
    },
  };
}

/** A template whose pods say what they are there for. */
export function templateFor(template: PodTemplateObject, role: Role, name: string, digest: string): PodTemplateObject {
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: { ...template.metadata?.labels, ...ownedLabels, [mark.role]: role, [mark.workload]: name },
      annotations: { ...template.metadata?.annotations, [mark.template]: digest },
    },
  };
}

/** A Service that leads to pods of a role. */
export function leading(service: ServiceObject, role: Role): ServiceObject {
  const selector = service.spec.selector ?? {};
  return Object.keys(selector).length === 0
    ? service
    : { ...service, spec: { ...service.spec, selector: { ...selector, [mark.role]: role } } };
}

/** Which pods a Service leads to; undefined for one that is not ours yet. */
export function roleOf(service: ServiceObject | undefined): Role | undefined {
  return service?.spec.selector?.[mark.role] as Role | undefined;
}

/** The budget counts pods that serve, no programs that run once. */
function onlyServing(object: KubeObject): KubeObject {
  const { selector } = object["spec"] as { selector: { matchLabels?: Readonly<Record<string, string>> } };
  const matchLabels = { ...selector.matchLabels, [mark.role]: "serve" };
  return { ...object, spec: { ...(object["spec"] as object), selector: { ...selector, matchLabels } } };
}

interface ClaimSpec {
  readonly resources?: { readonly requests?: { readonly storage?: string } };
}

/** A claim that has its volume can only grow: where it lies, and how it is shared, was decided when it was made. */
function grownClaim(object: KubeObject, live: KubeObject): KubeObject {
  const { spec: wanted, ...rest } = object as KubeObject & { readonly spec: ClaimSpec };
  const { resources, ...decided } = live["spec"] as ClaimSpec;
  const [had, asked] = [resources?.requests?.storage ?? "0", wanted.resources?.requests?.storage ?? "0"];
  return { ...rest, spec: { ...decided, resources: { requests: { storage: bytesOf(asked) > bytesOf(had) ? asked : had } } } };
}
