import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { VERSION } from "./cli/version.ts";
import { type ClusterWiring, fenceOf, readClusterSettings } from "./cluster-wiring.ts";
import { clusterAccess } from "./clusters-wiring.ts";
import { HowdahError } from "./kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "./kernel/own-names.ts";
import { reflectorsFor, routesWith, wireKnown } from "./known-wiring.ts";
import { connectCluster } from "./kubernetes/create-kubernetes-api.ts";
import type { KubeObject, KubernetesApi } from "./kubernetes/kubernetes-api.ts";
import { Leadership } from "./kubernetes/lease.ts";
import { resources } from "./kubernetes/resources.ts";
import { clusterDomainIn } from "./operator/cluster-domain.ts";
import { MAY_BE_UNKNOWN, WATCHES } from "./operator/controllers.ts";
import { guardedApi } from "./operator/guarded-api.ts";
import { whyNoWritesKnown } from "./operator/disk-guard/why-no-writes.ts";
import { serveHealth } from "./operator/health-server.ts";
import { knownPorts } from "./operator/known-ports.ts";
import { createMetrics } from "./operator/metrics.ts";
import type { Log, OperatorPorts } from "./operator/operator-ports.ts";
import { runOperator } from "./operator/run-operator.ts";
import { systemClock } from "./providers/system-clock.ts";

/** How `howdah operator` is started. */
export interface OperatorStart {
  /** A kubeconfig's context; undefined: the current one, or the cluster that this runs in. */
  readonly context: string | undefined;
  /** Where probes and metrics are answered; null: nowhere. */
  readonly listen: { readonly port: number; readonly host: string } | null;
}

/** Requests a second of the operator and at once: a thousand sites are looked at in a minute, and the API server has others to serve. */
const RATE = { perSecond: 200, burst: 400 };

/** Runs the operator until the signal. Log lines are JSON objects. */
export async function runWiredOperator(
  start: OperatorStart,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<void> {
  const log: Log = (level, message, values = {}) => {
    write(JSON.stringify({ time: new Date().toISOString(), level, message, ...values }));
  };
  const access = clusterAccess(environment, start.context);
  const connect = (rate?: typeof RATE) =>
    connectCluster({
      access,
      clock: systemClock,
      random: Math.random,
      userAgent: `howdah-operator/${VERSION}`,
      ...(rate === undefined ? {} : { rate }),
    });
  // The lease is renewed on a connection of its own: not behind the work.
  const [{ api, context }, { api: leaseApi }] = await Promise.all([connect(RATE), connect()]);
  const metrics = createMetrics();
  const identity = `${environment["POD_NAME"] ?? hostname()}-${randomBytes(3).toString("hex")}`;
  const leadership = new Leadership({
    ...{ api: leaseApi, namespace: SYSTEM_NAMESPACE, name: "howdah-operator", identity },
    ...{ clock: systemClock, monotonic: () => performance.now(), random: Math.random },
    trouble: (error) => {
      log("warn", "lease", { code: error.code, error: error.message });
    },
  });
  const guarded = guardedApi(
    api,
    () => {
      leadership.check();
    },
    metrics,
  );
  const { settings, trustedProxies, clusterDomain } = await readClusterSettings(api);
  const time = { clock: systemClock, random: Math.random };
  const unknown = new Set<string>();
  const reflectors = reflectorsFor({ ...time, api: guarded, wayIn: settings.wayIn }, (watch, error, waitMs) => {
    if (MAY_BE_UNKNOWN.has(watch) && error.code === "cluster/not-installed") {
      if (!unknown.has(watch)) log("info", "the cluster has no such kind yet", { kind: watch, error: error.message });
      unknown.add(watch);
      return;
    }
    metrics.count("howdah_watch_faults_total", { resource: resources[WATCHES[watch].kind].plural });
    log("warn", "watch", { kind: watch, code: error.code, error: error.message, retryMs: Math.round(waitMs) });
  });
  const wiring: ClusterWiring = {
    ...{ api: guarded, settings, trustedProxies, clusterDomain, outside: access.kind === "kubeconfig", measures: false },
    stateDirectory: environment["HOWDAH_STATE_DIR"] ?? join("/tmp", "howdah-operator"),
    routesOf: routesWith(reflectors),
  };
  const { portsFor, lookPortsFor, known } = wireKnown(wiring, Object.values(reflectors));
  const ports: OperatorPorts = {
    ...{ api: guarded, clock: systemClock, log, ownNamespace: SYSTEM_NAMESPACE, portsFor, lookPortsFor },
    backupImage: () => ownImage(guarded, environment),
    fence: fenceOf({ settings }),
    clusterDomain: await wholeDomain(clusterDomain),
    nameServers: settings.network.nameServers,
    copiesClass: settings.storage.copies ?? null,
    addressesOf: async (host) => (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address).toSorted(),
    waitsUnwatched: () => undefined,
    whyNoWrites: (namespace) => whyNoWritesKnown(namespace, known.portsFor(namespace)),
    observeKnown: (namespace) => known.portsFor(namespace).engine.observe(namespace),
    metrics,
    tell: (object, event) => tellPeople(guarded, object, event, log),
  };
  let ready = (): boolean => false;
  const health = start.listen === null ? undefined : await serveHealth({ ready: () => ready(), metrics: metrics.text }, start.listen);
  log("info", "operator started", { version: VERSION, context, server: api.server, identity, port: health?.port });
  try {
    const parts = { ports, known: knownPorts(ports, known), reflectors, leadership, metrics, clock: systemClock, random: Math.random };
    await runOperator(parts, signal, (found) => {
      ready = found.ready;
    });
  } finally {
    await health?.close();
    api.close();
    leaseApi.close();
    log("info", "operator stopped");
  }
}

/** What this very pod runs; an operator that is started by hand is told by HOWDAH_BACKUP_IMAGE. */
async function ownImage(api: Pick<KubernetesApi, "get">, environment: NodeJS.ProcessEnv): Promise<string> {
  const told = environment["HOWDAH_BACKUP_IMAGE"];
  if (told !== undefined && told !== "") return told;
  const name = environment["POD_NAME"];
  const pod = name === undefined ? undefined : await api.get({ resource: resources.Pod, namespace: SYSTEM_NAMESPACE, name });
  const { containers = [] } = (pod?.["spec"] ?? {}) as {
    readonly containers?: readonly { readonly name: string; readonly image: string }[];
  };
  const image = containers.find((one) => one.name === "operator")?.image;
  if (image !== undefined) return image;
  throw new HowdahError("backup/failed", "This operator runs outside of the cluster, so nobody knows the image that backups run in", {
    hint: "Start it with HOWDAH_BACKUP_IMAGE: what `howdah operator image --to …` answers.",
  });
}

/** What was chosen when Howdah was installed; where that is what most clusters have, what this pod's own names say. */
async function wholeDomain(chosen: string): Promise<string> {
  if (chosen !== "cluster.local") return chosen;
  return clusterDomainIn(await readFile("/etc/resolv.conf", "utf8").catch(() => "")) ?? chosen;
}

/** Tells people what happened to an object in an Event beside it. That it can't be written is no reason to fail. */
export async function tellPeople(
  api: KubernetesApi,
  object: KubeObject,
  { type, reason, message }: { readonly type: string; readonly reason: string; readonly message: string },
  log: Log,
): Promise<void> {
  const { name, namespace = "default", uid } = object.metadata;
  const time = new Date().toISOString();
  const event: KubeObject = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${randomBytes(8).toString("hex")}`, namespace },
    involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid },
    ...{ type, reason, message: message.slice(0, 1024), count: 1, firstTimestamp: time, lastTimestamp: time },
    source: { component: "howdah-operator" },
    reportingComponent: "howdah-operator",
  };
  await api.create(resources.Event, event).catch((error: unknown) => {
    log("warn", "event not written", { reason, error: error instanceof Error ? error.message : String(error) });
  });
}
