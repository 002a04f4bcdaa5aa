import { defaultMariadb } from "../../catalog/mariadb-versions.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { DatabaseServer } from "../../providers/database/database-server.ts";
import type { DatabaseRouter, PodReport, RouterPod } from "../../providers/router/database-router.ts";
import type { ConnectPod } from "../../providers/router/proxysql/admin-connection.ts";
import { proxysqlRouter } from "../../providers/router/proxysql/proxysql-router.ts";
import type { SecretStore } from "../../providers/secrets/secret-store.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";
import { ROUTER_ADMIN_PORT, ROUTER_ADMIN_USER } from "../../render/galera/proxysql-inside.ts";
import { galeraNodeNames } from "../../render/galera/render-galera.ts";
import { galeraNodeHost, routerSelector } from "../../render/galera/render-router.ts";
import { NODE_CHECK } from "../../render/router/node-check.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";
import { writerOf } from "./routed-server.ts";

/** Of what they are told. */
export interface RouterSources {
  readonly api: Pick<KubernetesApi, "list" | "askPod">;
  readonly secrets: Pick<SecretStore, "getOrGenerate">;
  readonly databases: Pick<DatabaseServer, "routerUsers">;
  /** Another way to pods than their addresses. */
  readonly connect?: ConnectPod | undefined;
}

/** Routers that know users, of a cluster's servers. */
export interface KeptRouters {
  /** Password of their administration: made at random for each server, and kept. */
  password(server: string): Promise<Secret>;
  /**
   * Tells all pods of a server's routers who writes and who its users are. Never rejects for a pod. Errors: `database/*` when the server itself can't be asked
   * for its users: then pods keep what they know.
   */
  tell(document: DatabaseServerDocument): Promise<readonly PodReport[]>;
}

/** A node answers in a tenth of a second; one that doesn't is not waited for. */
const ASK_MS = 3000;

/** Keeps them. Who is told twice at once is told one after the other: in ProxySQL all who administer it share its tables. */
export function keepRouters(sources: RouterSources): KeptRouters {
  const routers = new Map<string, DatabaseRouter>();
  const tails = new Map<string, Promise<unknown>>();
  const password = (server: string): Promise<Secret> =>
    sources.secrets.getOrGenerate(SYSTEM_NAMESPACE, server, "router-password", { bytes: 43, encoding: "alphanumeric" });
  const routerOf = async (server: string): Promise<DatabaseRouter> => {
    const made = routers.get(server) ?? proxysqlRouter({ user: ROUTER_ADMIN_USER, password: await password(server) }, sources.connect);
    routers.set(server, made);
    return made;
  };
  return {
    password,
    tell: async (document) => {
      const before = tails.get(document.name) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(async () => await tellOne(document, await routerOf(document.name), sources));
      tails.set(document.name, mine);
      return await mine;
    },
  };
}

async function tellOne(document: DatabaseServerDocument, router: DatabaseRouter, sources: RouterSources): Promise<readonly PodReport[]> {
  const { name, spec } = document;
  const names = galeraNodeNames({ name, replicas: spec.galera?.replicas ?? 3 });
  const nodes = names.map((node) => ({ name: node, host: galeraNodeHost(name, node), port: DATABASE_PORT }));
  const writer = await askWriter(names, sources.api);
  const place = writerOf({ name, ...(writer === undefined ? document : { writer }) });
  const users = await sources.databases.routerUsers({ name, locate: async () => place });
  const wish = { nodes, users, version: spec.version ?? defaultMariadb };
  return await router.reconcile({ ...wish, ...(writer === undefined ? {} : { writer }) }, await podsOf(name, sources.api));
}

/** The node that says of itself that it is the writer, as routers hear it; undefined while none does. */
export async function askWriter(
  nodes: readonly string[],
  api: Pick<KubernetesApi, "askPod">,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const ask = async (name: string): Promise<string | undefined> => {
    const request = { path: NODE_CHECK.writer, headers: {}, timeoutMs: ASK_MS };
    const { status } = await api.askPod({ namespace: SYSTEM_NAMESPACE, name, port: NODE_CHECK.port }, request, signal);
    return status === 200 ? name : undefined;
  };
  const said = await Promise.all(nodes.map((name) => ask(name).catch(() => undefined)));
  return said.find((name) => name !== undefined);
}

/** Those that have an address; one that ends is told as well: it still has sessions. */
async function podsOf(server: string, api: Pick<KubernetesApi, "list">): Promise<readonly RouterPod[]> {
  const labelSelector = Object.entries(routerSelector(server))
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
  const { items } = await api.list(resources.Pod, { namespace: SYSTEM_NAMESPACE, labelSelector });
  return items.flatMap(podOf).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function podOf({ metadata, status }: KubeObject): readonly RouterPod[] {
  const { podIP, phase } = (status ?? {}) as { readonly podIP?: string; readonly phase?: string };
  if (podIP === undefined || podIP === "" || phase === "Succeeded" || phase === "Failed") return [];
  return [{ name: metadata.name, address: podIP, port: ROUTER_ADMIN_PORT }];
}

/** Databases whose servers' routers are told before a user's proof, and after a user was locked or dropped. What pods did not hear they hear later. */
export function toldRouters<T extends DatabaseServer>(databases: T, tell: (server: string) => Promise<void>): T {
  return {
    ...databases,
    ensureDatabase: (request: Parameters<T["ensureDatabase"]>[0]) =>
      databases.ensureDatabase({ ...request, beforeProof: () => tell(request.server.name) }),
    suspendUser: async (user: Parameters<T["suspendUser"]>[0], suspended: boolean) => {
      await databases.suspendUser(user, suspended);
      await tell(user.server.name);
    },
    dropDatabase: async (database: Parameters<T["dropDatabase"]>[0]) => {
      const dropped = await databases.dropDatabase(database);
      await tell(database.server.name).catch((error: unknown) => {
        if (!(error instanceof HowdahError)) throw error;
      });
      return dropped;
    },
  };
}
