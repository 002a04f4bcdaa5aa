import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Use } from "../../observe/use.ts";
import type { EngineContext, Visitor } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { readState } from "./engine-state.ts";
import { webPort } from "./health-page.ts";
import { inventoryOf } from "./inventory.ts";
import { isUnsettled } from "./marks.ts";
import { podsBehind } from "./observe.ts";
import { ownObjects } from "./own-objects.ts";
import { podsOf } from "./pods.ts";
import { isReady, type ServiceObject } from "./views.ts";

/** Why a namespace of a cluster never sleeps. */
export const NO_SLEEP = "on a cluster nothing holds a visitor while pods start: a site that sleeps would fail requests";

/** How a namespace is used: visits are not counted, since none is ever put to sleep. */
export async function useOf(cluster: Cluster, name: string): Promise<Use> {
  const namespace = cluster.namespace(name);
  const state = await readState(cluster, namespace);
  const { objects } = inventoryOf(name, await ownObjects(cluster, namespace), state);
  const changing = state.held !== undefined || [...objects.values()].some(isUnsettled);
  return { idleAfterSeconds: null, lastUse: cluster.clock.now(), state: state.down ? "down" : changing ? "changing" : "running" };
}

/** Where a namespace serves: it is always awake, unless it was stopped or is held. Error: `site/down`. */
export async function servingAt(cluster: Cluster, name: string, _context: EngineContext, visitor?: Visitor): Promise<readonly string[]> {
  const namespace = cluster.namespace(name);
  const [state, objects, pods] = await Promise.all([
    readState(cluster, namespace),
    ownObjects(cluster, namespace),
    podsOf(cluster, namespace, { role: "serve" }),
  ]);
  if (state.down) throw new HowdahError("site/down", `${name} was stopped`);
  if (state.held !== undefined) throw new HowdahError("site/down", `${name} is held by a rollout`);
  const services = objects.filter(({ kind }) => kind === "Service") as ServiceObject[];
  const routes = objects.filter(({ kind }) => kind === "HTTPRoute" || kind === "Ingress");
  const behind = new Set(routes.flatMap((route) => podsBehind(route, services, pods)));
  const backends = [...behind].flatMap((pod) => (pod.status?.podIP === undefined ? [] : [`${pod.status.podIP}:${String(webPort(pod))}`]));
  visitor?.serving(backends);
  return backends;
}

/** The address of a workload's pod, of a ready one first; undefined when none has one. */
export async function locatePod(cluster: Cluster, name: string, workload: string): Promise<string | undefined> {
  const pods = await podsOf(cluster, cluster.namespace(name), { role: "serve", workload });
  const running = pods.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase === "Running");
  return (running.find(isReady) ?? running[0])?.status?.podIP;
}
