import { noBounds, tenantProfiles } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { bytesOf } from "../../kubernetes/quantity.ts";
import { resources } from "../../kubernetes/resources.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import { OWN_SERVER } from "../../render/database/render-environment-server.ts";
import { galeraNodeNames } from "../../render/galera/render-galera.ts";
import type { TenantSpec } from "../../resources/schema/tenant.ts";
import { DATA_DIRECTORY } from "../../workflows/disk-guard/guarded-servers.ts";
import type { GuardedServer } from "../../workflows/disk-guard/watch-disk.ts";
import { OWN_SERVERS } from "../../workflows/up/choose-server.ts";
import { serverReference } from "../../workflows/up/database-server.ts";
import { siteDatabases, type SiteDatabaseOn } from "../database-server/databases-on.ts";
import { execInPod } from "../exec-in-pod.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { TENANT_LABEL } from "../tenant/tenant-objects.ts";
import { readRoom, readSizes, type SizesSeen } from "./read-sizes.ts";

/** A server with a volume of the cluster's, and the databases of sites on it. */
export interface GuardedPods extends GuardedServer {
  readonly databases: readonly SiteDatabaseOn[];
  /** What people are told of: the DatabaseServer, or the StatefulSet of a server that a site's version chose. */
  readonly told: "DatabaseServer" | "StatefulSet";
}

const DATA = `${DATABASE_PATHS.volume}/${DATA_DIRECTORY}`;
/** Programs that only read answer within this, or the disk is in trouble that no look mends. */
const PATIENCE_MS = 20_000;
/** A line for each of ten thousand databases. */
const MOST_BYTES = 1024 ** 2;

/**
 * Servers of a cluster that sites have a database on, as the watches know them. One outside of the cluster is left out: its disk is not ours to watch.
 * What a volume has left only a program in the server's own pod can say; of several nodes the fullest counts, since all hold the same.
 */
export async function guardedPods(known: OperatorPorts, ports: OperatorPorts, signal: AbortSignal): Promise<readonly GuardedPods[]> {
  const byServer = Map.groupBy(await siteDatabases(known, signal), ({ server }) => server);
  const wired = ports.portsFor(SYSTEM_NAMESPACE);
  const documents = known.portsFor(SYSTEM_NAMESPACE).databaseServers;
  const found: GuardedPods[] = [];
  for (const [name, databases] of [...byServer].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    // An environment's own server holds nobody else's data, and is thrown away with it.
    if (name.startsWith(`${OWN_SERVER}.`)) continue;
    const spec = name.startsWith(OWN_SERVERS) ? undefined : (await documents.get(name))?.spec;
    if (spec?.kind === "external") continue;
    const pods = spec?.kind === "galera" ? galeraNodeNames({ name, replicas: spec.galera?.replicas ?? 3 }) : [`${name}-0`];
    const ask = (argv: readonly string[]): Promise<readonly string[]> => askPods(pods, argv, ports, signal);
    const sizes = async (): Promise<SizesSeen> => readSizes((await ask(["du", "-k", "-x", "-d", "1", DATA]))[0] ?? "", DATA);
    let seen: SizesSeen | undefined;
    found.push({
      reference: serverReference(name, wired),
      databases,
      told: spec?.kind === "galera" ? "DatabaseServer" : "StatefulSet",
      room: async () => {
        const rooms = (await ask(["stat", "-f", "-c", "%S %b %f %a", DATA])).map(readRoom);
        const [fullest] = rooms.toSorted((a, b) => a.freeBytes - b.freeBytes);
        if (fullest === undefined) throw new HowdahError("database/unreachable", `No pod of ${name} runs`);
        return fullest;
      },
      sizes: async () => {
        seen = await sizes();
        return seen.databases;
      },
      ownBytes: async () => (seen ?? (await sizes())).ownBytes,
      limits: () => limitsOf(databases, known, signal),
    });
  }
  return found;
}

/** What a program says in each pod that answers. Error: that of the last one, when none does. */
async function askPods(
  pods: readonly string[],
  argv: readonly string[],
  { api }: OperatorPorts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const place = (pod: string) => ({ namespace: SYSTEM_NAMESPACE, pod, container: DATABASE_CONTAINER });
  const asked = await Promise.allSettled(pods.map((pod) => execInPod(api, place(pod), { argv, mostBytes: MOST_BYTES }, patience)));
  signal.throwIfAborted();
  const said = asked.flatMap((one) => (one.status === "fulfilled" && one.value.output !== "" ? [one.value.output] : []));
  const refused = asked.find((one) => one.status === "rejected");
  if (said.length === 0 && refused !== undefined) throw refused.reason;
  return said;
}

/** The storage of a tenant, or its profile's: as much of it a site's database may take at most. */
async function limitsOf(
  databases: readonly SiteDatabaseOn[],
  { api }: OperatorPorts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const limits = new Map<string, number>();
  for (const { namespace, name } of databases) {
    const space = await api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
    const tenant = space?.metadata.labels?.[TENANT_LABEL];
    const found =
      tenant === undefined ? undefined : await api.get({ resource: resources.Tenant, namespace: undefined, name: tenant }, signal);
    const { profile = "own", storage } = (found?.["spec"] ?? {}) as Partial<TenantSpec>;
    const { diskBytes } = profile === "own" ? noBounds : tenantProfiles[profile];
    const bytes = storage === undefined ? diskBytes : bytesOf(String(storage));
    if (bytes !== null) limits.set(name, bytes);
  }
  return limits;
}
