import { type ClusterWiring, wireClusterPorts } from "./cluster-wiring.ts";
import { hostnamesOf } from "./kubernetes/route-hostnames.ts";
import type { Clock } from "./kernel/clock.ts";
import type { HowdahError } from "./kernel/howdah-error.ts";
import type { KubernetesApi } from "./kubernetes/kubernetes-api.ts";
import { Reflector, type ReflectorOptions } from "./kubernetes/reflector.ts";
import { resources } from "./kubernetes/resources.ts";
import { BY_HOSTNAME, MAY_BE_UNKNOWN, type Stores, WATCH_NAMES, type Watched, WATCHES, type WatchName } from "./operator/controllers.ts";
import { type KnownObjects, knownApi, knownIndexes, needServer } from "./operator/known-api.ts";
import { oneReading } from "./operator/one-reading.ts";
import { rememberedDatabases } from "./operator/remembered-databases.ts";
import type { ClusterSettings } from "./render/cluster/cluster-settings.ts";
import { systemClock } from "./providers/system-clock.ts";
import type { Ports } from "./workflows/ports.ts";

/** Ports of both kinds of an operator's looks. */
export interface WiredKnown {
  /** For looks that change things: what the server says. */
  readonly portsFor: (namespace: string) => Ports;
  /** The same for one look, which asks the server nothing twice in a row. */
  readonly lookPortsFor: (namespace: string, readsAhead: boolean) => ReturnType<WiredKnown["portsFor"]>;
  /** For looks that only find out whether there is anything to do: what the watches know. */
  readonly known: { readonly api: KubernetesApi; readonly portsFor: (namespace: string) => Ports };
}

/** The ports of `wireClusterPorts` twice: on the API, and on what reflectors know of it. */
export function wireKnown(wiring: ClusterWiring, reflected: readonly KnownObjects[]): WiredKnown {
  const { clock = systemClock } = wiring;
  const databases = rememberedDatabases(clock);
  const api = knownApi(wiring.api, reflected, clock);
  // What a watch lost is not worth waiting for: it comes with the next listing, and meanwhile nothing else would be done for the environment.
  const hasty: Clock = { now: () => clock.now(), sleep: async () => needServer("wait") };
  const [there, known] = [wireClusterPorts(wiring), wireClusterPorts({ ...wiring, api, clock: hasty })];
  const remembering = (ports: ReturnType<typeof there>): typeof ports => ({ ...ports, databases: databases.remembering(ports.databases) });
  return {
    portsFor: (namespace) => remembering(there(namespace)),
    lookPortsFor: (namespace, readsAhead) => {
      const { forget, ...reading } = oneReading(wiring.api, clock);
      const { locks, routers } = there(namespace);
      const ports = wireClusterPorts({ ...wiring, ...reading, ...(routers === undefined ? {} : { routers }) })(namespace);
      // All of it at once: the look asks for it one after the other, and finds it read. What fails is asked again, and told then.
      if (readsAhead) ports.engine.inventory(namespace).catch(() => undefined);
      // Its own namespace is its alone; whoever waited for another one's (that of database servers) plans on what is there then.
      const hold: typeof locks.hold = (other, command, work) =>
        locks.hold(other, command, () => {
          if (other !== namespace) forget();
          return work();
        });
      return remembering({ ...ports, locks: { ...locks, hold } });
    },
    known: {
      api,
      portsFor: (namespace) => {
        const ports = known(namespace);
        const { rollouts } = ports;
        return {
          ...ports,
          databases: databases.remembered(ports.databases),
          probeDatabase: async () => needServer("ask a database server"),
          rollouts: {
            ...rollouts,
            // One that was cut off is to be settled, which takes more than knowing.
            get: async (name) => ((await rollouts.get(name)) === undefined ? undefined : needServer("settle a rollout")),
          },
        };
      },
    },
  };
}

/** What reflectors are made with. */
export interface ReflectorWiring extends Pick<ReflectorOptions, "api" | "clock" | "random"> {
  readonly wayIn: ClusterSettings["wayIn"];
}

/** Reflectors of all that an operator watches. A cluster whose way in is no Gateway may not know routes at all. */
export function reflectorsFor(
  { wayIn, ...given }: ReflectorWiring,
  trouble: (watch: WatchName, error: HowdahError, waitMs: number) => void,
): Stores<Reflector> {
  const names = WATCH_NAMES.filter((name) => name !== "HTTPRoute" || wayIn.kind === "gateway");
  const reflectors = names.map((name) => {
    const { kind, ...how }: Watched = WATCHES[name];
    const reflector = new Reflector({
      ...{ ...given, resource: resources[kind], ...how, mayBeUnknown: MAY_BE_UNKNOWN.has(name) },
      indexes: { ...knownIndexes, ...(kind === "HTTPRoute" || kind === "Ingress" ? { [BY_HOSTNAME]: hostnamesOf } : {}) },
      trouble: (error, waitMs) => {
        trouble(name, error, waitMs);
      },
    });
    return [name, reflector] as const;
  });
  return Object.fromEntries(reflectors) as Record<Exclude<WatchName, "HTTPRoute">, Reflector>;
}

/** Routes and Ingresses that have a hostname, of those that are watched. */
export function routesWith({ HTTPRoute, Ingress }: Stores<Reflector>): NonNullable<ClusterWiring["routesOf"]> {
  return (hostname) => [HTTPRoute, Ingress].flatMap((one) => one?.objects.select(BY_HOSTNAME, hostname) ?? []);
}
