import type { Duplex, Readable, Writable } from "node:stream";

/** What every object of Kubernetes has. Fields that we don't know are kept: typed lists of client libraries drop them. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMeta;
  readonly [field: string]: unknown;
}

export interface KubeMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque: compared for equality only. */
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Where objects of one kind are in the API: `/apis/apps/v1/namespaces/NAMESPACE/deployments`. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Names one object. `namespace` is undefined for objects of the cluster. */
export interface ObjectName {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface ListOptions {
  /** Undefined: of all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ApplyOptions {
  /** Default `howdah`: one manager for all that we own. */
  readonly fieldManager?: string;
  /** Takes fields that another manager owns; default true. */
  readonly force?: boolean;
  readonly subresource?: "status";
  /** The server judges it, strictly, and writes nothing. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  /** What must still be true of the object: a delete decided on stale knowledge does nothing. */
  readonly preconditions: { readonly uid: string; readonly resourceVersion?: string };
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly graceSeconds?: number;
}

export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/**
 * A Kubernetes API server, as far as we need it. Every call ends: with an answer, an error of the catalog (`cluster/…`), or the signal.
 * Answers that tell to come again (429, 503, with `Retry-After`) are repeated for reads and for server-side apply, which may be done twice.
 */
export interface KubernetesApi {
  /** `https://10.88.0.1:6443`, for messages. */
  readonly server: string;
  /** `1.34`. */
  version(signal?: AbortSignal): Promise<string>;
  get(name: ObjectName, signal?: AbortSignal): Promise<KubeObject | undefined>;
  /** All objects, in pages; `resourceVersion` is where a watch goes on. */
  list(
    resource: Resource,
    options?: ListOptions,
    signal?: AbortSignal,
  ): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }>;
  /** Server-side apply. With `metadata.uid` or `metadata.resourceVersion` in it, these are preconditions. Error: `cluster/conflict`. */
  apply(resource: Resource, object: KubeObject, options?: ApplyOptions, signal?: AbortSignal): Promise<KubeObject>;
  /** Fails with `cluster/conflict` when it exists. */
  create(resource: Resource, object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  /** Replaces a whole object; its `resourceVersion` is a precondition. Error: `cluster/conflict`. */
  replace(resource: Resource, object: KubeObject, options?: { readonly subresource?: "status" }, signal?: AbortSignal): Promise<KubeObject>;
  /** JSON merge patch (RFC 7396). */
  mergePatch(
    name: ObjectName,
    patch: object,
    options?: { readonly subresource?: "status" | "scale" },
    signal?: AbortSignal,
  ): Promise<KubeObject>;
  /** Answers false when it was gone. Error: `cluster/conflict` when a precondition does not hold. */
  delete(name: ObjectName, options: DeleteOptions, signal?: AbortSignal): Promise<boolean>;
  /**
   * One watch, until the server or the signal ends it. `from` undefined: WatchList (all objects first as ADDED, then a BOOKMARK that is
   * marked `initialEnd`). Bookmarks come as such. An ERROR event is thrown: `cluster/expired` for 410.
   */
  watch(
    resource: Resource,
    options: ListOptions & { readonly from: string | undefined; readonly timeoutSeconds: number },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent>;
  /** Lines of a container as they come, each with the kubelet's time in front. */
  logs(
    container: ContainerName,
    options: { readonly follow: boolean; readonly tail: number; readonly previous?: boolean },
    signal: AbortSignal,
  ): Promise<Readable>;
  /** Runs a program in a container and answers its exit code. */
  exec(
    container: ContainerName,
    request: {
      readonly argv: readonly string[];
      readonly stdin: Readable | undefined;
      readonly stdout: Writable | undefined;
      readonly stderr: Writable | undefined;
      readonly tty: boolean;
    },
    signal: AbortSignal,
  ): Promise<number>;
  /** One HTTP request to a pod's port through the API server, for callers outside the cluster's network. Redirects are not followed. */
  askPod(
    pod: { readonly namespace: string; readonly name: string; readonly port: number },
    request: { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
  /** A stream to a pod's port (port-forward), for databases. */
  connectPod(pod: { readonly namespace: string; readonly name: string; readonly port: number }, signal: AbortSignal): Promise<Duplex>;
  close(): void;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubeObject;
  /** The bookmark that ends the first listing. */
  readonly initialEnd?: boolean;
}
