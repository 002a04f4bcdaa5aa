import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { minorOf } from "../../render/cluster/cluster-settings.ts";
import { databaseMemory } from "../../render/database/server-options.ts";
import { galeraNodeNames, type GaleraServer } from "../../render/galera/render-galera.ts";
import { renderRouter, routerName } from "../../render/galera/render-router.ts";
import { NODE_CHECK } from "../../render/router/node-check.ts";
import type { DatabaseServerSpec } from "../../resources/schema/database-server.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import type { Verdict } from "../status.ts";
import { placeObjects } from "./place-objects.ts";
import { stalledBy } from "./server-look.ts";

/** How the way to a cluster's nodes is. */
export interface RouterLook {
  /** Why sites don't get to the nodes; undefined: they do. */
  readonly trouble?: readonly Verdict[];
  /** How many of its pods serve, for people. */
  readonly words?: string;
}

/** A node answers in a tenth of a second; one that doesn't is not waited for. */
const ASK_MS = 3000;

/** Brings the HAProxy pods before the nodes to what a DatabaseServer asks for. Its Service has the server's own name: what sites connect to. */
export async function placeRouter(
  server: GaleraServer,
  wanted: NonNullable<DatabaseServerSpec["galera"]>["router"],
  { api, clusterDomain }: OperatorPorts,
  signal: AbortSignal,
): Promise<RouterLook> {
  const { kind, image, replicas } = wanted;
  if (kind !== "haproxy")
    return {
      trouble: stalledBy("RouterNotOffered", `spec.galera.router.kind: ${kind} is not run by the operator in this version: use haproxy`),
    };
  if (image === undefined)
    return { trouble: stalledBy("RouterImageMissing", "spec.galera.router.image names no image of HAProxy: sites don't get to the nodes") };
  const maxConnections = connectionsOfRouter(server.memoryBytes, replicas);
  const minor = minorOf(await api.version(signal));
  const known = { sleeps: minor >= 30, nearest: minor >= 34 };
  const objects = renderRouter({ server, image, replicas, maxConnections, clusterDomain, ...known });
  const refused = await placeObjects(objects, api, signal).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof HowdahError && error.code === "cluster/rejected") return error;
      throw error;
    },
  );
  if (refused !== undefined) return { trouble: stalledBy("PartsRefused", refused.message) };
  const place = { resource: resources.Deployment, namespace: SYSTEM_NAMESPACE, name: routerName(server.name) };
  return judge(await api.get(place, signal), replicas);
}

/** Connections of a node that its routers leave alone: MariaDB lets in one administrator when all are taken, and its checks are several at a time. */
const KEPT_CONNECTIONS = 20;

/**
 * How many connections a router may open to a node. Together, and with the one more that a rollout has, they leave the node some for itself: a writer whose
 * check can't log in is no writer to anybody, and all sites were cut off.
 */
function connectionsOfRouter(memoryBytes: number, replicas: number): number {
  return Math.floor((databaseMemory(memoryBytes).maxConnections - KEPT_CONNECTIONS) / (replicas + 1));
}

/** One that serves is enough: the others are there for the day on which it is not. */
function judge(deployment: KubeObject | undefined, replicas: number): RouterLook {
  const { readyReplicas = 0 } = (deployment?.["status"] as { readonly readyReplicas?: number } | undefined) ?? {};
  if (readyReplicas >= replicas) return {};
  const words = `${String(readyReplicas)} of ${String(replicas)} routers serve`;
  return readyReplicas > 0 ? { words } : { trouble: [{ type: "Ready", status: "False", reason: "RouterNotReady", message: words }] };
}

/** The node that says of itself that it is the writer, as routers hear it; undefined while none does. */
export async function askWriter(
  server: GaleraServer,
  { api }: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const ask = async (name: string): Promise<string | undefined> => {
    const request = { path: NODE_CHECK.writer, headers: {}, timeoutMs: ASK_MS };
    const { status } = await api.askPod({ namespace: SYSTEM_NAMESPACE, name, port: NODE_CHECK.port }, request, signal);
    return status === 200 ? name : undefined;
  };
  const said = await Promise.all(galeraNodeNames(server).map((name) => ask(name).catch(() => undefined)));
  return said.find((name) => name !== undefined);
}
