import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { ClusterObject } from "../../render/cluster/cluster-object.ts";
import { minorOf } from "../../render/cluster/cluster-settings.ts";
import { haproxyInside } from "../../render/galera/haproxy-inside.ts";
import { proxysqlInside, proxysqlSecret } from "../../render/galera/proxysql-inside.ts";
import type { GaleraServer } from "../../render/galera/render-galera.ts";
import { renderRouter, routerName } from "../../render/galera/render-router.ts";
import type { DatabaseServerSpec } from "../../resources/schema/database-server.ts";
import type { DatabaseServerDocument } from "../../workflows/database-server/database-server-document.ts";
import { connectionsOfRouter } from "../../workflows/database-server/router-connections.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import type { Verdict } from "../status.ts";
import { placeObjects } from "./place-objects.ts";
import { stalledBy } from "./server-look.ts";
import { tellRouters } from "./tell-routers.ts";

/** How the way to a cluster's nodes is. */
export interface RouterLook {
  /** Why sites don't get to the nodes; undefined: they do. */
  readonly trouble?: readonly Verdict[];
  /** How many of its pods serve, for people. */
  readonly words?: string;
  /** Of routers that know users: whether all do. */
  readonly inStep?: Verdict;
}

type Wanted = NonNullable<DatabaseServerSpec["galera"]>["router"];

/** Brings the pods before the nodes to what a DatabaseServer asks for. Their Service has the server's own name: what sites connect to. */
export async function placeRouter(
  server: GaleraServer,
  document: DatabaseServerDocument,
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<RouterLook> {
  const wanted = document.spec.galera?.router;
  if (wanted?.image === undefined)
    return {
      trouble: stalledBy("RouterImageMissing", "spec.galera.router.image names no image of a router: sites don't get to the nodes"),
    };
  const objects = await objectsOf(server, document, { ...wanted, image: wanted.image }, ports, signal);
  const refused = await placeObjects(objects, ports.api, signal).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof HowdahError && error.code === "cluster/rejected") return error;
      throw error;
    },
  );
  if (refused !== undefined) return { trouble: stalledBy("PartsRefused", refused.message) };
  const place = { resource: resources.Deployment, namespace: SYSTEM_NAMESPACE, name: routerName(server.name) };
  const told = wanted.kind === "proxysql" ? { inStep: await tellRouters(document, ports) } : {};
  return { ...judge(await ports.api.get(place, signal), wanted.replicas), ...told };
}

async function objectsOf(
  server: GaleraServer,
  { spec }: DatabaseServerDocument,
  { kind, image, replicas }: Wanted & { readonly image: string },
  { api, clusterDomain, portsFor }: OperatorPorts,
  signal: AbortSignal,
): Promise<readonly ClusterObject[]> {
  const minor = minorOf(await api.version(signal));
  const known = { sleeps: minor >= 30, nearest: minor >= 34 };
  const router = { server, image, replicas, maxConnections: connectionsOfRouter(spec), clusterDomain, ...known };
  if (kind === "haproxy") return renderRouter(router, haproxyInside(router));
  const { engine, routers } = portsFor(SYSTEM_NAMESPACE);
  if (routers === undefined) throw new TypeError("nobody keeps routers here");
  // The Secret first: pods mount it.
  const secret = proxysqlSecret(await routers.password(server.name));
  const secretDigest = await engine.putSecret(SYSTEM_NAMESPACE, routerName(server.name), secret);
  return renderRouter(router, proxysqlInside(router, { nodeImage: server.image, secretDigest }));
}

/** One that serves is enough: the others are there for the day on which it is not. */
function judge(deployment: KubeObject | undefined, replicas: number): RouterLook {
  const { readyReplicas = 0 } = (deployment?.["status"] as { readonly readyReplicas?: number } | undefined) ?? {};
  if (readyReplicas >= replicas) return {};
  const words = `${String(readyReplicas)} of ${String(replicas)} routers serve`;
  return readyReplicas > 0 ? { words } : { trouble: [{ type: "Ready", status: "False", reason: "RouterNotReady", message: words }] };
}
