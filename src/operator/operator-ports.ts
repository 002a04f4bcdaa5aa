import type { Clock } from "../kernel/clock.ts";
import type { KubeObject, KubernetesApi } from "../kubernetes/kubernetes-api.ts";
import type { Observed } from "../observe/observed.ts";
import type { Ports } from "../workflows/ports.ts";
import type { Metrics } from "./metrics.ts";

/** One line of the log: a constant message, values as keys. */
export type Log = (level: "info" | "warn" | "error", message: string, values?: Readonly<Record<string, unknown>>) => void;

/** What controllers act on; cluster-wiring.ts makes it. */
export interface OperatorPorts {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Where Howdah itself lives: `howdah-system`. */
  readonly ownNamespace: string;
  /** `cluster.local`: below it are the whole names of Services and pods. */
  readonly clusterDomain: string;
  /** Of name servers besides kube-system's, as they were chosen when Howdah was installed. */
  readonly nameServers: readonly string[];
  /** Howdah's own image, in which Jobs of backups run. Error: `backup/failed` where nobody can say it. */
  readonly backupImage: () => Promise<string>;
  /** What closes a namespace: the engine's policies, as it writes them itself. */
  readonly fence: (namespace: string) => readonly KubeObject[];
  /** The workflows' ports for an environment's namespace. */
  readonly portsFor: (namespace: string) => Ports;
  /**
   * The same for one look at it, which reads nothing twice in a row (`oneReading`); never kept for longer. `readsAhead`: what runs there is asked for at
   * once, since the look is going to compare it before it writes anything.
   */
  readonly lookPortsFor: (namespace: string, readsAhead: boolean) => ReturnType<OperatorPorts["portsFor"]>;
  /** What runs in a namespace as the watches know it, for words in a status that the next event puts right. */
  readonly observeKnown: (namespace: string) => Promise<Observed>;
  /** Why the database of a namespace's site takes no writes, as the watches know it; undefined: it does. */
  readonly whyNoWrites: (namespace: string) => Promise<{ readonly reason: string; readonly message: string } | undefined>;
  /** The StorageClass for copies of data that was chosen when Howdah was installed; null: one is found. */
  readonly copiesClass: string | null;
  /** Addresses of a name, for policies, which know no names. Never fails: a name that nobody knows has none. */
  readonly addressesOf: (host: string) => Promise<readonly string[]>;
  /** Whoever waits for what is not watched says so: what is known does not suffice for a look then. */
  readonly waitsUnwatched: () => void;
  /** Left out where nobody reads them. */
  readonly metrics?: Pick<Metrics, "gauge" | "series">;
  /** Tells people what happened to an object, in its events. Never fails. */
  readonly tell: (
    object: KubeObject,
    event: { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string },
  ) => Promise<void>;
}

/** How a look at one object ended. */
export interface Outcome {
  /** Look again after so many milliseconds, though nothing changed. Left out: when something changes. */
  readonly again?: number;
}

/** Brings one object to what it asks for. Reads everything anew, ignores what the event said; may be called at any time. */
export type Reconcile = (key: { readonly namespace: string | undefined; readonly name: string }, signal: AbortSignal) => Promise<Outcome>;
