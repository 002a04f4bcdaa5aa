import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { ApiConnection, type ApiRequest, jsonOf } from "./api-connection.ts";
import { ObjectMissing } from "./api-failure.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { Credentials } from "./credentials.ts";
import { FIELD_MANAGER } from "./field-ownership.ts";
import type { KubeObject, KubernetesApi, ListOptions, ObjectName, Resource } from "./kubernetes-api.ts";
import { askPod, connectPod } from "./pod-port.ts";
import { execInPod } from "./pod-exec.ts";
import { RateLimit } from "./rate-limit.ts";
import { apiVersionOf, collectionPath, HOWDAH_GROUP, objectPath, resources } from "./resources.ts";
import { watchEvents } from "./watch-events.ts";
import { yamlSafeJson } from "./yaml-safe-json.ts";

/** Settings of the client; the wiring reads them. */
export interface KubernetesApiOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** From 0 to 1: spreads clients that failed at the same moment. */
  readonly random: () => number;
  /** `howdah/0.1.0`, for the server's audit log. */
  readonly userAgent: string;
  /** The environment's proxy for a server, where the kubeconfig names none; undefined: straight. */
  readonly proxyFor?: (server: URL) => string | undefined;
  /** Requests a second, and how many at once after a quiet time. Default 50 and 100. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** A call without an answer has failed after this. Default 60 s: as long as the API server itself works on one. */
  readonly deadlineMs?: number;
  /** Failures that may pass are repeated for so long. Default 10 s: a rolling restart of a load balancer, not an outage. */
  readonly patienceMs?: number;
  /**
   * Called right before a request that changes something goes out, after all waiting; what it throws ends the call and nothing was sent. For
   * a leader that was frozen: its lease may be another's when it goes on (`Leadership.check`).
   */
  readonly beforeWrite?: () => void;
}

/** A client and what its context says. */
export interface ConnectedCluster {
  readonly api: KubernetesApi;
  /** The context's name; `in-cluster` without one. */
  readonly context: string;
  /** The context's namespace, if it names one. */
  readonly namespace: string | undefined;
}

/** As kubectl does: a page of 500 objects is a few MB. */
const PAGE = 500;

/**
 * Makes the client of an API server; connects when first asked for something. Import this module only where a cluster is wanted: the
 * libraries behind it take 0.14 s of CPU and 44 MB bundled, half a second and 90 MB from their sources. Errors: `usage/invalid` when the context can't be loaded.
 */
export async function connectCluster(options: KubernetesApiOptions): Promise<ConnectedCluster> {
  const { clock, access, random, userAgent, proxyFor = () => undefined } = options;
  const { perSecond, burst } = options.rate ?? { perSecond: 50, burst: 100 };
  const credentials = new Credentials({ access, clock, proxyFor });
  const { cluster, context, namespace } = await credentials.context();
  const connection = new ApiConnection({
    credentials,
    server: cluster.server,
    clock,
    random,
    userAgent,
    limit: new RateLimit({ perSecond, burst, clock }),
    deadlineMs: options.deadlineMs ?? 60_000,
    patienceMs: options.patienceMs ?? 10_000,
    beforeWrite: options.beforeWrite ?? (() => {}),
  });
  return { api: kubernetesApi(connection, cluster.server, clock), context, namespace };
}

function kubernetesApi(connection: ApiConnection, server: string, clock: Clock): KubernetesApi {
  const ask = async (request: ApiRequest, signal: AbortSignal | undefined): Promise<KubeObject> =>
    jsonOf(await connection.call(request, signal), server) as unknown as KubeObject;

  return {
    server,
    async version(signal) {
      const { major, minor } = jsonOf(
        await connection.call({ method: "GET", path: "/version", what: "say its version", repeatable: true }, signal),
        server,
      );
      return `${String(major)}.${String(minor).replace(/\D+$/, "")}`; // some distributions say "34+"
    },
    async get(name, signal) {
      try {
        return await ask({ method: "GET", path: objectPath(name), ...words("give", name, true) }, signal);
      } catch (error) {
        if (error instanceof ObjectMissing) return undefined;
        throw error;
      }
    },
    list: (resource, options, signal) => listAll(connection, server, { resource, options: options ?? {} }, signal),
    apply: (resource, object, options = {}, signal) => {
      const name = nameOf(resource, object);
      return ask(
        {
          method: "PATCH",
          path: objectPath(name, options.subresource),
          query: {
            fieldManager: options.fieldManager ?? FIELD_MANAGER,
            force: String(options.force ?? true),
            fieldValidation: "Strict",
            ...(options.dryRun === true ? { dryRun: "All" } : {}),
          },
          contentType: "application/apply-patch+yaml",
          body: yamlSafeJson({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }),
          ...words("apply", name, true),
        },
        signal,
      );
    },
    create: (resource, object, signal) => {
      const name = nameOf(resource, object);
      return ask(
        {
          method: "POST",
          path: collectionPath(resource, name.namespace),
          query: strict,
          body: JSON.stringify(object),
          ...words("create", name, false),
        },
        signal,
      );
    },
    replace: (resource, object, options = {}, signal) => {
      const name = nameOf(resource, object);
      return ask(
        {
          method: "PUT",
          path: objectPath(name, options.subresource),
          query: strict,
          body: JSON.stringify(object),
          ...words("replace", name, false),
        },
        signal,
      );
    },
    mergePatch: (name, patch, options = {}, signal) =>
      ask(
        {
          method: "PATCH",
          path: objectPath(name, options.subresource),
          query: strict,
          contentType: "application/merge-patch+json",
          body: JSON.stringify(patch),
          ...words("change", name, false),
        },
        signal,
      ),
    async delete(name, { preconditions, propagation, graceSeconds }, signal) {
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions,
        propagationPolicy: propagation ?? "Background",
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
      };
      const request = { method: "DELETE", path: objectPath(name), body: JSON.stringify(body), ...words("delete", name, false) } as const;
      try {
        await connection.call(request, signal);
        return true;
      } catch (error) {
        if (error instanceof ObjectMissing) return false;
        throw error;
      }
    },
    watch: (resource, options, signal) => watchEvents(connection, { resource, options, server, clock }, signal),
    logs: ({ namespace, pod, container }, { follow, tail, previous }, signal) =>
      connection.open(
        {
          method: "GET",
          path: objectPath({ resource: resources.Pod, namespace, name: pod }, "log"),
          query: { container, follow: String(follow), tailLines: String(tail), timestamps: "true", previous: String(previous ?? false) },
          what: `give the logs of ${namespace}/${pod} (${container})`,
          repeatable: true,
        },
        LOG_SILENCE_MS,
        signal,
      ),
    exec: (container, request, signal) => execInPod(connection, { container, request, server, clock }, signal),
    askPod: (pod, request, signal) => askPod(connection, { pod, request, server, clock }, signal),
    connectPod: (pod, signal) => connectPod(connection, { pod, server, clock }, signal),
    close: () => {
      connection.close();
    },
  };
}

const strict = { fieldManager: FIELD_MANAGER, fieldValidation: "Strict" };
/** A kubelet answers for logs once it has found the file; it may be behind a busy disk. */
const LOG_SILENCE_MS = 60_000;

/** All pages. When the server forgets where a page went on (410), all is read at once: pages of two states would lose objects. */
async function listAll(
  connection: ApiConnection,
  server: string,
  { resource, options }: { readonly resource: Resource; readonly options: ListOptions },
  signal: AbortSignal | undefined,
): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }> {
  const items: KubeObject[] = [];
  let next: string | undefined;
  let paged = true;
  for (;;) {
    const request: ApiRequest = {
      method: "GET",
      path: collectionPath(resource, options.namespace),
      query: { ...selectors(options), ...(paged ? { limit: String(PAGE) } : {}), continue: next },
      what: `list ${resource.plural}`,
      repeatable: true,
      ours: resource.group === HOWDAH_GROUP,
    };
    let page: KubeList;
    try {
      page = jsonOf(await connection.call(request, signal), server);
    } catch (error) {
      if (!(next !== undefined && error instanceof HowdahError && error.code === "cluster/expired")) throw error;
      items.length = 0;
      next = undefined;
      paged = false;
      continue;
    }
    // items of a list don't say what they are
    for (const item of page.items ?? []) items.push({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind });
    next = page.metadata?.continue;
    if (next === undefined || next === "") return { items, resourceVersion: page.metadata?.resourceVersion ?? "" };
  }
}

interface KubeList {
  readonly items?: readonly KubeObject[];
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
}

function selectors({ labelSelector, fieldSelector }: ListOptions): Readonly<Record<string, string | undefined>> {
  return { labelSelector, fieldSelector };
}

function nameOf(resource: Resource, { metadata }: KubeObject): ObjectName {
  return { resource, namespace: metadata.namespace, name: metadata.name };
}

function words(
  verb: string,
  { resource, namespace, name }: ObjectName,
  repeatable: boolean,
): Pick<ApiRequest, "what" | "repeatable" | "ours"> {
  const where = resource.namespaced && namespace !== undefined ? `${namespace}/${name}` : name;
  return { what: `${verb} ${resource.kind} ${where}`, repeatable, ours: resource.group === HOWDAH_GROUP };
}
