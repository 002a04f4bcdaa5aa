import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import type { Rendered } from "../../render/objects.ts";
import type { Maintenance } from "../engine.ts";

/** What is chosen for one cluster. */
export interface KubernetesEngineSettings {
  /** Put before the names of namespaces, so that tests share a cluster; empty: a namespace has the same name on both sides. */
  readonly prefix: string;
  /** Networks (CIDR) that the way in asks from: its X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[];
}

/** A container as the cluster has it, as far as a pod for a held site needs it. */
export interface ServerContainer {
  readonly name: string;
  readonly image: string;
  readonly securityContext?: object;
  readonly [field: string]: unknown;
}

/** The pod that answers visitors of a held site. */
export interface MaintenancePod {
  /** Program and mounts: merged over `name`, `image` and `securityContext` of the site's own server. The volume `files` holds `files`. */
  readonly container: { readonly command: readonly string[]; readonly args?: readonly string[]; readonly [field: string]: unknown };
  readonly volumes: readonly { readonly name: string; readonly [kind: string]: unknown }[];
  /** File name to content. */
  readonly files: Readonly<Record<string, string>>;
}

/** What the engine is built on; wiring chooses. */
export interface KubernetesEnginePorts {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** Random letters and digits (a-z0-9) for names of pods that live once. */
  readonly randomName: () => string;
  /**
   * What a rendered object is in a cluster: itself with what only a cluster has, first, and what comes with it (a disruption budget, an
   * autoscaler). Pure. `namespace` is the name in the cluster.
   */
  readonly complete: (namespace: string, rendered: Rendered) => readonly KubeObject[];
  /**
   * Routes and Ingresses of all namespaces that have a hostname, as somebody who watches them knows. Left out: the server lists all routes of the
   * cluster at each change of one, which many sites make slow.
   */
  readonly routesOf?: (hostname: string) => readonly KubeObject[];
  /** False: nobody asks for the memory of containers, which is one more request for each look at a namespace. */
  readonly measures?: boolean;
  /** Policies that close a namespace, applied when it is prepared. */
  readonly fence: (namespace: string) => readonly KubeObject[];
  /** The server that answers 503 on these ports while a site is held, for the image of the site's own server. */
  readonly maintenancePod: (asked: {
    readonly page: Maintenance;
    readonly ports: readonly number[];
    readonly server: ServerContainer;
  }) => MaintenancePod;
}

/** A cluster as the parts of the engine see it. */
export interface Cluster extends KubernetesEnginePorts {
  readonly settings: KubernetesEngineSettings;
  /** The namespace's name in the cluster. Error: `site/unknown` when it can't be one. */
  readonly namespace: (name: string) => string;
}

/** Joins settings and ports. */
export function clusterOf(settings: KubernetesEngineSettings, ports: KubernetesEnginePorts): Cluster {
  return { ...ports, settings, namespace: (name) => `${settings.prefix}${safeName(name, settings.prefix)}` };
}

/** A namespace is a DNS label. */
function safeName(name: string, prefix: string): string {
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && prefix.length + name.length <= 63) return name;
  throw new HowdahError("site/unknown", `${JSON.stringify(name)} can't be the name of a namespace`);
}
