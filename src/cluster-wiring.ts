import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { kubernetesEngine } from "./engine/kubernetes/kubernetes-engine.ts";
import { mark, ownedLabels } from "./engine/kubernetes/marks.ts";
import type { Clock } from "./kernel/clock.ts";
import { HowdahError } from "./kernel/howdah-error.ts";
import { COPIED_SECRETS, SYSTEM_NAMESPACE } from "./kernel/own-names.ts";
import { parseJson } from "./kernel/parse-json.ts";
import type { KubeObject, KubernetesApi } from "./kubernetes/kubernetes-api.ts";
import { resources } from "./kubernetes/resources.ts";
import { clusterSecretStore } from "./providers/cluster-state/cluster-secret-store.ts";
import { keptDocuments } from "./providers/cluster-state/kept-documents.ts";
import { cronDocuments } from "./providers/cluster-state/cron-documents.ts";
import { datasetDocuments } from "./providers/cluster-state/dataset-documents.ts";
import { drillsThere } from "./drill-wiring.ts";
import { configMapDocuments } from "./providers/cluster-state/config-map-documents.ts";
import { databaseServerDocuments } from "./workflows/database-server/database-server-documents.ts";
import { type KeptRouters, keepRouters, toldRouters } from "./workflows/database-server/keep-routers.ts";
import { knowsUsers, routersOf, writerOf } from "./workflows/database-server/routed-server.ts";
import { OWN_SERVERS } from "./workflows/up/choose-server.ts";
import type { ConnectPod } from "./providers/router/proxysql/admin-connection.ts";
import { probeAddress } from "./providers/database/external/probe-address.ts";
import type { ConnectServer } from "./providers/database/mariadb/sql-client.ts";
import { mariadbServer } from "./providers/database/mariadb/mariadb-server.ts";
import { systemClock } from "./providers/system-clock.ts";
import { type ClusterSettings, defaultClusterSettings } from "./render/cluster/cluster-settings.ts";
import { completeForCluster } from "./render/cluster/complete-for-cluster.ts";
import { renderMaintenanceServer } from "./render/cluster/maintenance-server.ts";
import { namespacePolicies } from "./render/cluster/network-policies.ts";
import { routerSelector } from "./render/galera/render-router.ts";
import { digestOf } from "./render/rendered.ts";
import { WEB_PORT } from "./render/site/render-containers.ts";
import { SETTINGS_NAME } from "./resources/install/operator-objects.ts";
import { TENANT_LABEL } from "./workflows/cluster/cluster-place.ts";
import { serversPullAsOperator } from "./workflows/cluster/pull-secret.ts";
import { outcomeDocuments, releaseDocuments } from "./workflows/cluster/release-documents.ts";
import type { DatasetDocumentKinds } from "./workflows/dataset/dataset-document-kinds.ts";
import type { DocumentStore, KeptDatabases, Ports } from "./workflows/ports.ts";

/** Of what the operator's ports are made. */
export interface ClusterWiring {
  readonly api: KubernetesApi;
  /** Left out: the machine's. */
  readonly clock?: Clock;
  readonly settings: Omit<ClusterSettings, "namespace">;
  /** Networks (CIDR) that the way in asks from. */
  readonly trustedProxies: readonly string[];
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** For dumps before migrations. */
  readonly stateDirectory: string;
  /** Who has a hostname, for a process that watches routes. */
  readonly routesOf?: (hostname: string) => readonly KubeObject[];
  /** False: nobody asks for the memory of containers. */
  readonly measures?: boolean;
  /** One for all ports of a process: who is told twice at once is told one after the other. Left out: these ports have their own. */
  readonly routers?: KeptRouters;
  /** This process is outside of the cluster's network: databases are reached through the API server. */
  readonly outside: boolean;
}

/**
 * Policies that close a namespace, as the engine writes them. Each says its own digest: one that is there and holds what is wanted was applied as it is
 * wanted, and by no older version that asked for more.
 */
export function fenceOf({ settings }: Pick<ClusterWiring, "settings">): (namespace: string) => readonly KubeObject[] {
  return (namespace) =>
    namespacePolicies({ ...settings, namespace }).map((policy) => ({
      ...policy,
      metadata: {
        ...policy.metadata,
        labels: { ...policy.metadata.labels, ...ownedLabels },
        annotations: { [mark.digest]: digestOf(policy) },
      },
    }));
}

/** The engine of a cluster, as the operator has it. */
function wireEngine({
  api,
  settings,
  trustedProxies,
  clusterDomain,
  routesOf,
  measures,
  clock = systemClock,
}: ClusterWiring): Ports["engine"] {
  const engine = kubernetesEngine(
    { prefix: "", trustedProxies },
    {
      api,
      clock,
      randomName: () => randomBytes(4).toString("hex"),
      complete: (namespace, rendered) => completeForCluster(rendered, { ...settings, namespace }),
      fence: fenceOf({ settings }),
      ...(routesOf === undefined ? {} : { routesOf }),
      ...(measures === undefined ? {} : { measures }),
      maintenancePod: ({ page }) => renderMaintenanceServer(page),
    },
  );
  return {
    ...engine,
    prepare: async (namespace, context) => {
      const facts = await engine.prepare(namespace, context);
      if (namespace === SYSTEM_NAMESPACE) await serversPullAsOperator(api, context.signal);
      const memory = settings.storage.sessions === "memory" ? { sessionsInMemory: true } : {};
      return { ...facts, ...memory, serviceDomain: `${namespace}.svc.${clusterDomain}` };
    },
    putSecret: (namespace, name, data) =>
      namespace === SYSTEM_NAMESPACE || COPIED_SECRETS.includes(name)
        ? engine.putSecret(namespace, name, data)
        : Promise.resolve(digestOf(Object.entries(data).map(([key, value]) => [key, value.reveal()]))),
  };
}

/** Ports of the workflows for one environment's namespace; all of them share one engine and one set of locks. */
export function wireClusterPorts(given: ClusterWiring): (namespace: string) => Ports {
  const { api, clock = systemClock } = given;
  const engine = wireEngine(given);
  const secrets = clusterSecretStore(api);
  const databaseServers = databaseServerDocuments(api);
  const through = given.outside ? throughApi(api, databaseServers) : undefined;
  const administratorOf = async (name: string): Promise<string | undefined> => {
    if (name.startsWith(OWN_SERVERS)) return undefined;
    return (await databaseServers.get(name))?.spec.external?.administrator.secret;
  };
  const databases = mariadbServer(secrets, clock, through, administratorOf);
  const toPod: ConnectPod = ({ name, port }) => api.connectPod({ namespace: SYSTEM_NAMESPACE, name, port }, new AbortController().signal);
  const routers = given.routers ?? keepRouters({ api, secrets, databases, connect: given.outside ? toPod : undefined });
  const locks = keyedLocks();
  const system = <T>(prefix: string): DocumentStore<T> =>
    configMapDocuments<T>(api, (name) => ({ namespace: SYSTEM_NAMESPACE, key: `${prefix}.${name}` }));
  return (namespace) => {
    const documents = <T>(key: string): DocumentStore<T> =>
      configMapDocuments<T>(
        api,
        (name) => ({ namespace: name, key }),
        () => [namespace],
      );
    const ports: Partial<Ports> = {
      settings: {
        stateDirectory: given.stateDirectory,
        httpPort: 80,
        httpsPort: 443,
        bind: "127.0.0.1",
        retentionDays: 7,
        who: "operator",
      },
      clock,
      engine,
      secrets,
      databases: toldRouters(databases, async (name) => {
        const document = name.startsWith(OWN_SERVERS) ? undefined : await databaseServers.get(name);
        if (document !== undefined && knowsUsers(document)) await routers.tell(document);
      }),
      databaseServers,
      routers,
      probeDatabase: probeAddress,
      records: documents("site"),
      retained: documents("retained"),
      keptDatabases: {
        ...keptDocuments<KeptDatabases>(api, "howdah-kept-databases"),
        tenantOf: async (name) => {
          const found = await api.get({ resource: resources.Namespace, namespace: undefined, name });
          return found?.metadata.labels?.[TENANT_LABEL] ?? null;
        },
      },
      migrations: documents("migration"),
      rollouts: documents("rollout"),
      watches: documents("watch"),
      sharedImages: system("image"),
      releases: releaseDocuments(api),
      outcomes: outcomeDocuments(api),
      diskGuards: system("disk-guard"),
      drills: drillsThere({ secrets, administratorOf, through }),
      crons: cronDocuments(api),
      clusterDatasets: datasetDocuments<DatasetDocumentKinds>(api, namespace),
      http: { get: (url, options) => askSite(api, namespace, url, options) },
      locks,
      // The operator itself is what keeps sites alive.
      agent: {
        ensureRunning: () => Promise.resolve("running"),
        status: () => Promise.resolve({ running: true, how: "operator" }),
        stop: () => Promise.resolve(),
        run: () => Promise.resolve(0),
      },
      files: nowhere,
      close: () => Promise.resolve(),
    };
    return onlyOf(ports);
  };
}

/** What the operator has no use for (builders, registries, version control, the machine) says so, instead of being half there. */
function onlyOf(ports: Partial<Ports>): Ports {
  return new Proxy(ports, {
    get: (target, name) => {
      if (typeof name === "symbol" || Object.hasOwn(target, name) || name === "then") return Reflect.get(target, name) as unknown;
      throw new HowdahError("bug", `The operator has no ${name}: a workflow for one machine was called`);
    },
  }) as Ports;
}

/** The site's files are on the machine of whoever built it. */
const nowhere: Ports["files"] = {
  read: () => Promise.resolve(undefined),
  write: () => Promise.reject(new HowdahError("bug", "The operator writes no files")),
  kind: () => Promise.resolve("missing"),
  tree: () => Promise.reject(new HowdahError("bug", "The operator has no tree of a site")),
  realpath: (path) => Promise.resolve(path),
};

/** A page of the site as a pod that serves answers it; the way in is the cluster's own. */
async function askSite(
  api: KubernetesApi,
  namespace: string,
  url: string,
  { host, timeoutMs, authorization }: Pick<Parameters<Ports["http"]["get"]>[1], "host" | "timeoutMs" | "authorization">,
): ReturnType<Ports["http"]["get"]> {
  const { pathname, search, protocol } = new URL(url);
  const { items } = await api.list(resources.Pod, { namespace, labelSelector: "app.kubernetes.io/component=web,howdah.dev/role=serve" });
  const pod = items.find(isReady);
  if (pod === undefined) throw new Error("no pod of it is ready");
  const login = authorization === undefined ? {} : { authorization: authorization.reveal() };
  const headers = { host, "x-forwarded-proto": protocol.replace(":", ""), "user-agent": "howdah-health", ...login };
  return api.askPod({ namespace, name: pod.metadata.name, port: WEB_PORT }, { path: `${pathname}${search}`, headers, timeoutMs });
}

function isReady(pod: KubeObject): boolean {
  const { conditions = [] } = (pod["status"] as { readonly conditions?: readonly { type: string; status: string }[] } | undefined) ?? {};
  return pod.metadata.deletionTimestamp === undefined && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** A connection to the server's pod by port-forward; to a server outside of the cluster directly. It ends when its user destroys it. */
function throughApi(api: KubernetesApi, databaseServers: Ports["databaseServers"]): ConnectServer {
  return async ({ address, port }) => {
    const { items } = await api.list(resources.Pod, { namespace: SYSTEM_NAMESPACE, labelSelector: "app.kubernetes.io/component=database" });
    const pod =
      items.find(({ status }) => (status as { readonly podIP?: string } | undefined)?.podIP === address) ??
      items.find((one) => (isReady(one) && isRouterAt(one, address)) || isNodeAt(one, address));
    const isOutside = async (): Promise<boolean> =>
      (await databaseServers.list()).some(({ spec }) => spec.external?.addresses.some(({ host }) => host === address) === true);
    if (pod === undefined && (await isOutside())) return connect({ host: address, port });
    if (pod === undefined)
      throw new HowdahError("database/unreachable", `No database pod of ${SYSTEM_NAMESPACE} has the address ${address}`);
    return api.connectPod({ namespace: SYSTEM_NAMESPACE, name: pod.metadata.name, port }, new AbortController().signal);
  };
}

/** Names of Services mean nothing outside of the cluster. */
function isRouterAt({ metadata: { labels = {} } }: KubeObject, address: string): boolean {
  const server = labels["app.kubernetes.io/instance"] ?? "";
  const wanted = Object.entries(routerSelector(server));
  return wanted.every(([label, value]) => labels[label] === value) && routersOf(server).address === address;
}

/** A node of several, as `writerOf` names it. */
function isNodeAt({ metadata: { name, labels = {} } }: KubeObject, address: string): boolean {
  return writerOf({ name: labels["app.kubernetes.io/instance"] ?? "", writer: name }).address === address && address.startsWith(`${name}.`);
}

/** Work on one namespace after another, within this process: which of several operators works is the lease's business. */
function keyedLocks(): Ports["locks"] {
  const tails = new Map<string, Promise<unknown>>();
  return {
    hold: async (namespace, _command, work) => {
      const before = tails.get(namespace) ?? Promise.resolve();
      const mine = before.then(work, work);
      const tail = mine.catch(() => undefined);
      tails.set(namespace, tail);
      try {
        return await mine;
      } finally {
        if (tails.get(namespace) === tail) tails.delete(namespace);
      }
    },
  };
}

/**
 * What was chosen when Howdah was installed, and the server's own version. Whoever only reads, or runs a program in what is there, may go without
 * (`needsSettings: false`) and gets the defaults when they are not his to read; whoever changes objects may not. Errors: `cluster/*`,
 * `machine/state-unreadable`.
 */
export async function readClusterSettings(
  api: KubernetesApi,
  { needsSettings }: { readonly needsSettings: boolean } = { needsSettings: true },
): Promise<Pick<ClusterWiring, "settings" | "trustedProxies" | "clusterDomain">> {
  const found = await api
    .get({ resource: resources.ConfigMap, namespace: SYSTEM_NAMESPACE, name: SETTINGS_NAME })
    .catch((error: unknown) => {
      // Developers of one site may not read them; what they do (logs, a program, a cron) follows what the site is made of already.
      if (!needsSettings && error instanceof HowdahError && error.code === "cluster/forbidden") return undefined;
      throw error;
    });
  const { data } = (found ?? {}) as { readonly data?: Readonly<Record<string, string>> };
  const chosen = parseJson(data?.["settings"] ?? "{}") as
    | (Partial<ClusterSettings> & { readonly trustedProxies?: readonly string[]; readonly clusterDomain?: string })
    | undefined;
  if (chosen === undefined)
    throw new HowdahError("machine/state-unreadable", `The ConfigMap ${SYSTEM_NAMESPACE}/${SETTINGS_NAME} is no JSON`, {
      hint: "Write it anew: `howdah upgrade --context NAME`.",
    });
  const { trustedProxies = [], clusterDomain = "cluster.local", ...settings } = chosen;
  return {
    settings: { ...(filled(defaultClusterSettings, settings) as typeof defaultClusterSettings), version: await api.version() },
    trustedProxies,
    clusterDomain,
  };
}

/** What was chosen, with the defaults for what an older version did not ask. A way in is chosen whole. */
function filled(fallback: object, chosen: object): object {
  return Object.fromEntries(
    Object.entries({ ...fallback, ...chosen }).map(([name, value]: [string, unknown]) => {
      const standard: unknown = (fallback as Readonly<Record<string, unknown>>)[name];
      const isMap = (one: unknown): one is object => one !== null && typeof one === "object" && !Array.isArray(one);
      return [name, name !== "wayIn" && isMap(value) && isMap(standard) ? filled(standard, value) : value];
    }),
  );
}
