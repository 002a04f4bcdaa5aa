import { setImmediate as turn } from "node:timers/promises";
import { fenceOf, type ClusterWiring } from "../../cluster-wiring.ts";
import { simulatedCluster } from "../../engine/kubernetes/testing/simulated-cluster.ts";
import { reflectorsFor, routesWith, wireKnown } from "../../known-wiring.ts";
import type { KubeObject, KubernetesApi, ListOptions, ObjectName, Resource } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { keyOf } from "../../kubernetes/object-store.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import { faultyWatches } from "../../kubernetes/testing/faulty-watches.ts";
import { ManualClock } from "../../kubernetes/testing/manual-clock.ts";
import { type ClusterSettings, defaultClusterSettings } from "../../render/cluster/cluster-settings.ts";
import { wantsSessionServer } from "../../render/php/sessions.ts";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import { CLI_MANAGER, PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { releaseObject, releaseSpecOf } from "../../workflows/cluster/release-resource.ts";
import { siteOf } from "../../workflows/cluster/testing/cluster-rig.ts";
import { guardedApi } from "../guarded-api.ts";
import { tellPeople } from "../../operator-wiring.ts";
import { whyNoWritesKnown } from "../disk-guard/why-no-writes.ts";
import { knownPorts } from "../known-ports.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { type OperatorParts, runOperator } from "../run-operator.ts";

/** An operator as it is shipped, with its watches and its queue, on a cluster in memory whose pods become ready. Its clock stands still. */
export interface Fleet {
  readonly api: KubernetesApi & {
    readonly writes: readonly string[];
    all(kind: string): readonly KubeObject[];
    /** What a person does with `kubectl edit`. */
    edit(name: ObjectName, patch: object): KubeObject;
  };
  readonly clock: ManualClock;
  /** Requests since the last call of this, by verb and resource, without watches. */
  takeRequests(): Readonly<Record<string, number>>;
  /** Makes sites as `howdah deploy --context` does, each in a namespace of its own, all in one tenant. */
  makeSites(names: readonly string[]): Promise<void>;
  /** Another release of a site, with another image. `spec`: of its file, beside the hostname. */
  deploy(name: string, release: string, spec?: SiteDocument["spec"]): Promise<void>;
  /** Until no key is due or worked on, and nobody has anything to say. */
  rest(): Promise<void>;
  /** Ends this operator and starts another. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Objects that the watches know otherwise than they are: `Pod site-1/web-00001`. */
  misknown(): Promise<readonly string[]>;
  /** How many events watches with faults were told so far, lost ones too. */
  readonly events: () => number;
  readonly complaints: readonly string[];
}

const settings = {
  ...defaultClusterSettings,
  wayIn: { kind: "gateway", namespace: "gateway", name: "howdah", http: "http", https: "https" } as const,
};

/** Each is the only one of its namespace. */
const SITE = "blog";

/** So many turns of the event loop in a row without work are rest. */
const QUIET_TURNS = 30;

/** What may be otherwise than it mostly is. */
export interface FleetOptions {
  /** Which events of the operator's watches are lost, doubled or swapped on their way. */
  readonly faultOf?: Parameters<typeof faultyWatches>[2];
  readonly wayIn?: ClusterSettings["wayIn"];
  /** Releases whose pods fall. */
  readonly bad?: readonly string[];
  /** What the operator's next request fails with; undefined: it doesn't. The server has done nothing then. */
  readonly trouble?: () => HowdahError | undefined;
  /** A namespace that is deleted takes what is in it along, at once. */
  readonly cascades?: boolean;
  /** A kind that the cluster does not know; answers whether it still doesn't. */
  readonly unknown?: { readonly kind: string; readonly still: () => boolean };
}

/** Makes the cluster and starts the operator. */
export async function fleet({
  faultOf,
  wayIn = settings.wayIn,
  bad = [],
  trouble,
  unknown,
  cascades = false,
}: FleetOptions = {}): Promise<Fleet> {
  const isBad = (image: string): boolean => bad.some((id) => image.endsWith(digestFor(id)));
  const cluster = await simulatedCluster({
    start: ({ image }) =>
      isBad(image) ? { state: "crashed", exitCode: 1, output: ["no"] } : { state: "ready", serves: image, output: [] },
    program: async () => 0,
  });
  const api = playedGateway(cascades ? playedNamespaces(cluster.api) : cluster.api);
  const requests = new Map<string, number>();
  const complaints: string[] = [];
  const clock = new ManualClock();
  const { watch, events } = faultOf === undefined ? { ...api, events: () => 0 } : faultyWatches(api, clock, faultOf);
  let running: Running | undefined;
  const start = (): void => {
    running = startOperator({
      api: lacking(trouble === undefined ? { ...api, watch } : troubled({ ...api, watch }, trouble), unknown),
      clock,
      wiring: {
        clock: cluster.clock,
        settings: { ...settings, wayIn },
        trustedProxies: [],
        clusterDomain: "cluster.local",
        stateDirectory: "/nonexistent",
        outside: false,
      },
      count: (what) => requests.set(what, (requests.get(what) ?? 0) + 1),
      complain: (line) => void complaints.push(line),
    });
  };
  start();
  const release = async (name: string, id: string, spec: SiteDocument["spec"] = {}): Promise<void> => {
    const digest = digestFor(id);
    const site = siteOf(SITE, { hostnames: [`${name}.test`], ...spec });
    const image = { reference: `registry.test/${name}@${digest}`, digest };
    const images = {
      web: image,
      ...(site.runtime === null ? {} : { php: image }),
      ...(wantsSessionServer(site) ? { sessions: image } : {}),
    };
    const built = { site, images, codeDigest: digest, watched: {} };
    const said = { git: null, who: "ann", when: "2026-11-21T12:00:00Z", why: null, rollbackOf: null };
    await api.create(resources.Release, releaseObject(name, id, releaseSpecOf({ ...built, ...said })));
  };
  return {
    api,
    clock,
    complaints,
    takeRequests: () => taken(requests),
    makeSites: async (names) => {
      const asCli = { fieldManager: CLI_MANAGER };
      const apiVersion = "howdah.dev/v1alpha1";
      for (const name of names) await api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      await api.create(resources.Tenant, {
        apiVersion,
        kind: "Tenant",
        metadata: { name: `of-${names[0] ?? ""}` },
        spec: { namespaces: names },
      });
      await restOf({ busy: () => running?.busy() ?? 1 }); // namespaces are their tenant's before anybody deploys into them
      for (const name of names) {
        const metadata = { name: SITE, namespace: name };
        await api.apply(resources.Site, { apiVersion, kind: "Site", metadata, spec: { hostnames: [`${name}.test`] } }, asCli);
        await release(name, "r1");
        const environment = {
          apiVersion,
          kind: "Environment",
          metadata: { name: PRODUCTION, namespace: name },
          spec: { site: SITE, release: "r1" },
        };
        await api.apply(resources.Environment, environment, asCli);
      }
    },
    deploy: async (name, id, spec) => {
      await release(name, id, spec);
      await api.mergePatch({ resource: resources.Environment, namespace: name, name: PRODUCTION }, { spec: { release: id } });
    },
    rest: () => restOf({ busy: () => running?.busy() ?? 1 }),
    restart: async () => {
      await running?.stop();
      start();
    },
    stop: async () => running?.stop(),
    misknown: async () => (await Promise.all((running?.reflectors ?? []).map((one) => misknownBy(one, api)))).flat(),
    events,
  };
}

function troubled(api: KubernetesApi, trouble: NonNullable<FleetOptions["trouble"]>): KubernetesApi {
  const ask = async <T>(request: () => Promise<T>): Promise<T> => {
    const error = trouble();
    if (error !== undefined) throw error;
    return request();
  };
  return {
    ...api,
    get: (...asked) => ask(() => api.get(...asked)),
    list: (...asked) => ask(() => api.list(...asked)),
    apply: (...asked) => ask(() => api.apply(...asked)),
    create: (...asked) => ask(() => api.create(...asked)),
    replace: (...asked) => ask(() => api.replace(...asked)),
    mergePatch: (...asked) => ask(() => api.mergePatch(...asked)),
    delete: (...asked) => ask(() => api.delete(...asked)),
    askPod: (...asked) => ask(() => api.askPod(...asked)),
    watch: async function* (...asked) {
      const error = trouble();
      if (error !== undefined) throw error;
      yield* api.watch(...asked);
    },
  };
}

/** A cluster whose definitions are older than its operator. */
function lacking(api: KubernetesApi, unknown: FleetOptions["unknown"]): KubernetesApi {
  if (unknown === undefined) return api;
  const refuse = ({ kind }: Resource): void => {
    if (kind === unknown.kind && unknown.still()) throw new HowdahError("cluster/not-installed", `the server could not find ${kind}`);
  };
  return {
    ...api,
    get: async (...asked) => {
      refuse(asked[0].resource);
      return api.get(...asked);
    },
    list: async (...asked) => {
      refuse(asked[0]);
      return api.list(...asked);
    },
    watch: async function* (...asked) {
      refuse(asked[0]);
      yield* api.watch(...asked);
    },
  };
}

function digestFor(release: string): string {
  return `sha256:${release.slice(1).padStart(64, "0")}`;
}

async function misknownBy({ resource, select, objects }: Reflector, api: KubernetesApi): Promise<readonly string[]> {
  const versions = (all: readonly KubeObject[]): Map<string, string | undefined> =>
    new Map(all.map(({ metadata }) => [keyOf(metadata), metadata.resourceVersion]));
  const [there, known] = [versions((await api.list(resource, select)).items), versions(objects.all())];
  const keys = [...new Set([...there.keys(), ...known.keys()])];
  return keys.filter((key) => there.get(key) !== known.get(key)).map((key) => `${resource.kind} ${key}`);
}

/** An operator on a cluster in which nothing happens: `objects` are all there is. What it writes is counted, and not done. */
export function stillFleet(objects: readonly KubeObject[]): Pick<Fleet, "clock" | "rest" | "stop" | "complaints" | "takeRequests"> {
  const requests = new Map<string, number>();
  const complaints: string[] = [];
  const clock = new ManualClock();
  const running = startOperator({
    ...{ api: stillApi(objects), clock },
    wiring: { clock, settings, trustedProxies: [], clusterDomain: "cluster.local", stateDirectory: "/nonexistent", outside: false },
    count: (what) => requests.set(what, (requests.get(what) ?? 0) + 1),
    complain: (line) => void complaints.push(line),
  });
  return { clock, complaints, stop: running.stop, rest: () => restOf(running), takeRequests: () => taken(requests) };
}

/** The objects of `namespace` once more in other namespaces: the same site and hostname, as digests are of them. */
export function copiesOf(objects: readonly KubeObject[], namespace: string, names: readonly string[]): readonly KubeObject[] {
  const text = JSON.stringify(objects.filter(({ metadata }) => metadata.namespace === namespace || metadata.name === namespace));
  const word = new RegExp(`${namespace}(?=["\\\\]|\\.svc\\b)`, "g");
  return names.flatMap((name) => {
    const fence = fenceOf({ settings })(name);
    return (JSON.parse(text.replaceAll(word, name)) as KubeObject[]).map((object) => {
      const own = fence.find(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);
      return own === undefined ? object : { ...object, metadata: { ...object.metadata, annotations: own.metadata.annotations ?? {} } };
    });
  });
}

interface Started {
  readonly api: KubernetesApi;
  readonly clock: ManualClock;
  readonly wiring: Omit<ClusterWiring, "api">;
  readonly count: (what: string) => void;
  readonly complain: (line: string) => void;
}

interface Running {
  readonly stop: () => Promise<void>;
  readonly busy: () => number;
  readonly reflectors: readonly Reflector[];
}

function startOperator({ api, clock, wiring, count, complain }: Started): Running {
  const end = new AbortController();
  const gauges = new Map<string, () => number>();
  const metrics: OperatorParts["metrics"] = {
    count: (name, { verb = "", resource = "" }) => {
      if (name === "howdah_api_requests_total" && verb !== "watch") count(`${verb} ${resource}`);
    },
    gauge: (name, { state = "" }, read) => void gauges.set(`${name} ${state}`, read),
    series: () => undefined,
    text: () => "",
  };
  const guarded = guardedApi(api, () => undefined, metrics);
  const reflectors = reflectorsFor({ api: guarded, clock, random: () => 0.5, wayIn: wiring.settings.wayIn }, (watch, error) => {
    complain(`${watch}: ${error.message}`);
  });
  const { portsFor, lookPortsFor, known } = wireKnown(
    { ...wiring, api: guarded, measures: false, routesOf: routesWith(reflectors) },
    Object.values(reflectors),
  );
  const ports: OperatorPorts = {
    ...{ api: guarded, clock: wiring.clock ?? clock, ownNamespace: "howdah-system", portsFor, lookPortsFor, fence: fenceOf({ settings }) },
    clusterDomain: wiring.clusterDomain,
    backupImage: async () => `registry.test/howdah@sha256:${"0".repeat(64)}`,
    nameServers: [],
    copiesClass: null,
    addressesOf: async () => [],
    waitsUnwatched: () => undefined,
    log: (level, message, values) => {
      if (level !== "info") complain(`${message} ${JSON.stringify(values)}`);
    },
    whyNoWrites: (namespace) => whyNoWritesKnown(namespace, known.portsFor(namespace)),
    observeKnown: (namespace) => known.portsFor(namespace).engine.observe(namespace),
    tell: (object, event) => tellPeople(guarded, object, event, () => undefined),
  };
  const parts: OperatorParts = {
    ...{ ports, known: knownPorts(ports, known), reflectors, metrics, clock, random: () => 0.5 },
    leadership: { term: 1, run: (work, signal) => work(1, signal) },
  };
  const ended = runOperator(parts, end.signal, () => undefined);
  const depth = (state: string): number => gauges.get(`howdah_queue_depth ${state}`)?.() ?? 1;
  return {
    reflectors: Object.values(reflectors),
    busy: () => depth("ready") + depth("running"),
    stop: async () => {
      end.abort();
      await ended;
    },
  };
}

/** Every route is taken, as a Gateway's controller says it. */
function playedGateway<T extends KubernetesApi>(api: T): T {
  return {
    ...api,
    apply: async (resource, object, options, signal) => {
      const applied = await api.apply(resource, object, options, signal);
      if (resource.kind !== "HTTPRoute") return applied;
      const condition = { type: "Accepted", status: "True", reason: "Accepted", observedGeneration: applied.metadata.generation };
      const status = { parents: [{ controllerName: "played", conditions: [condition] }] };
      const { name, namespace } = applied.metadata;
      return api.mergePatch({ resource, namespace, name }, { status }, { subresource: "status" });
    },
  };
}

const IN_NAMESPACES = [
  "Environment",
  "Release",
  "PersistentVolumeClaim",
  "VolumeSnapshot",
  "Secret",
  "ConfigMap",
  "Deployment",
  "StatefulSet",
  "Pod",
] as const;

function playedNamespaces<T extends KubernetesApi>(api: T): T {
  const empty = async (namespace: string): Promise<void> => {
    for (const kind of IN_NAMESPACES)
      for (const { metadata } of (await api.list(resources[kind], { namespace })).items) {
        const place = { resource: resources[kind], namespace, name: metadata.name };
        if ((metadata.finalizers ?? []).length > 0) await api.mergePatch(place, { metadata: { finalizers: null } });
        await api.delete(place, { preconditions: { uid: metadata.uid ?? "" } });
      }
  };
  return {
    ...api,
    delete: async (place, options, signal) => {
      if (place.resource.kind === "Namespace") await empty(place.name);
      return api.delete(place, options, signal);
    },
  };
}

function taken(requests: Map<string, number>): Readonly<Record<string, number>> {
  const all = Object.fromEntries([...requests].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  requests.clear();
  return all;
}

async function restOf({ busy }: { readonly busy: () => number }): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = busy() === 0 ? quiet + 1 : 0) await turn();
}

function stillApi(objects: readonly KubeObject[]): KubernetesApi {
  const byName = new Map(objects.map((object) => [`${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`, object]));
  const select = ({ kind }: Resource, { namespace, labelSelector = "", fieldSelector }: ListOptions): readonly KubeObject[] => {
    const terms = labelSelector.split(",").filter((term) => term !== "");
    const has = (labels: Readonly<Record<string, string>>, [name = "", value]: readonly string[]): boolean =>
      value === undefined ? labels[name] !== undefined : labels[name] === value;
    return objects.filter(
      (one) =>
        one.kind === kind &&
        (fieldSelector === undefined || fieldSelector === `metadata.name=${one.metadata.name}`) &&
        (namespace === undefined || one.metadata.namespace === namespace) &&
        terms.every((term) => has(one.metadata.labels ?? {}, term.split("="))),
    );
  };
  const write = () => Promise.reject(new Error("nothing changes here"));
  return {
    server: "https://still.test:6443",
    version: async () => "1.34",
    get: async ({ resource, namespace, name }) => byName.get(`${resource.kind}/${resource.namespaced ? (namespace ?? "") : ""}/${name}`),
    list: async (resource, options = {}) => ({ items: select(resource, options), resourceVersion: "1" }),
    watch: async function* (resource, { from, ...options }, signal) {
      if (from === undefined) {
        for (const object of select(resource, options)) yield { type: "ADDED", object };
        const metadata = { name: "", resourceVersion: "1" };
        yield { type: "BOOKMARK", object: { apiVersion: "v1", kind: resource.kind, metadata }, initialEnd: true };
      }
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    },
    ...{ apply: write, create: write, replace: write, mergePatch: write, delete: write },
    ...{ logs: write, exec: write, askPod: write, connectPod: write, close: () => undefined },
  };
}
