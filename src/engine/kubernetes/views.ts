import type { KubeMeta, KubeObject } from "../../kubernetes/kubernetes-api.ts";

/** Fields of Kubernetes objects that the engine reads. The API promises their types; what we don't read stays unknown. */
export interface KubeCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: Terminated;
  };
  readonly lastState?: { readonly terminated?: Terminated };
}

export interface PodObject extends KubeObject {
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly podIP?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly KubeCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface PodTemplateObject {
  readonly metadata?: Partial<Pick<KubeMeta, "labels" | "annotations">>;
  readonly spec: PodObject["spec"] & { readonly [field: string]: unknown };
}

/** A Deployment or a StatefulSet. */
export interface WorkloadObject extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly progressDeadlineSeconds?: number;
    readonly template: PodTemplateObject;
    readonly [field: string]: unknown;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly KubeCondition[];
  };
}

export interface ServiceObject extends KubeObject {
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number | string }[];
    readonly [field: string]: unknown;
  };
}

export interface JobObject extends KubeObject {
  readonly status?: {
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly conditions?: readonly (KubeCondition & { readonly lastTransitionTime?: string })[];
  };
}

/** True when a condition of that type holds. */
export function holds(conditions: readonly KubeCondition[] | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === "True") === true;
}

/** True for a pod that serves and is not on its way out. */
export function isReady(pod: PodObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && holds(pod.status?.conditions, "Ready");
}

/** True when labels have all of a selector that asks for something. */
export function selects(selector: Readonly<Record<string, string>> | undefined, labels: Readonly<Record<string, string>> = {}): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}
