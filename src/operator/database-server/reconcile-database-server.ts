import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type DatabaseServerSpec, type DatabaseServerStatus, databaseServerSpec } from "../../resources/schema/database-server.ts";
import type { OperatorPorts, Outcome, Reconcile } from "../operator-ports.ts";
import { conditionsOf, statusOf, writeStatus } from "../status.ts";
import { sitesOn } from "./databases-on.ts";
import { reconcileExternal } from "./reconcile-external.ts";
import { reconcileGalera } from "./reconcile-galera.ts";
import { type LookAtServer, type ServerLook, stalledBy } from "./server-look.ts";

/** Holds a server that was deleted until no databases of sites are on it. */
export const SERVER_FINALIZER = "howdah.dev/databases";

/** How soon a deleted server is looked at again while databases are on it, and one that a person has to mend. Milliseconds. */
const IN_USE_MS = 60_000;
const MENDED_MS = 300_000;

/** Looks after database servers, each kind in its own way. */
export function reconcileDatabaseServer(ports: OperatorPorts): Reconcile {
  const kinds: Readonly<Record<DatabaseServerSpec["kind"], LookAtServer>> = {
    external: reconcileExternal(ports),
    embedded: async () => ({ verdicts: byItself, again: MENDED_MS }),
    galera: reconcileGalera(ports),
  };
  return async ({ name }, signal) => {
    const server = await ports.api.get({ resource: resources.DatabaseServer, namespace: undefined, name }, signal);
    if (server === undefined) return {};
    const read = databaseServerSpec.safeParse(server["spec"] ?? {});
    if (server.metadata.deletionTimestamp !== undefined) {
      // Nodes with data of sites on them are healed for as long as they are there.
      const cares = read.success && read.data.kind === "galera" ? () => kinds.galera(server, read.data, signal) : undefined;
      return release(server, cares, ports, signal);
    }
    await hold(server, ports, signal);
    if (!read.success) {
      const [issue] = read.error.issues;
      return report(
        server,
        { verdicts: stalledBy("SpecInvalid", `spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`), again: MENDED_MS },
        ports,
      );
    }
    return report(server, await kinds[read.data.kind](server, read.data, signal), ports);
  };
}

const byItself = stalledBy(
  "KindNotOffered",
  "Howdah runs a shared server for each version of MariaDB by itself: this object changes nothing. Use kind external, or delete it",
);

async function report(server: KubeObject, look: ServerLook, { api, clock }: OperatorPorts): Promise<Outcome> {
  const { verdicts, again, ...seen } = look;
  const former = statusOf<DatabaseServerStatus>(server);
  const generation = server.metadata.generation ?? 1;
  const conditions = conditionsOf(verdicts, former.conditions, { generation, now: new Date(clock.now()).toISOString() });
  await writeStatus(api, resources.DatabaseServer, server, { observedGeneration: generation, conditions, ...seen });
  return { again };
}

async function hold(server: KubeObject, { api }: OperatorPorts, signal: AbortSignal): Promise<void> {
  const { name, finalizers = [], resourceVersion } = server.metadata;
  if (finalizers.includes(SERVER_FINALIZER)) return;
  const metadata = { resourceVersion, finalizers: [...finalizers, SERVER_FINALIZER] };
  await api.mergePatch({ resource: resources.DatabaseServer, namespace: undefined, name }, { metadata }, {}, signal);
}

/** A deleted server goes when nobody's data is on it: its Service would go with it, and with that the way of sites that run. */
async function release(
  server: KubeObject,
  cares: (() => Promise<ServerLook>) | undefined,
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<Outcome> {
  const { name, finalizers = [], resourceVersion } = server.metadata;
  if (!finalizers.includes(SERVER_FINALIZER)) return {};
  const used = await sitesOn(name, ports, signal);
  if (used.length > 0) {
    const message = `Databases of ${used.join(", ")} are on it. Delete these sites with their data first, and it goes by itself`;
    const cared = await cares?.();
    const verdicts = stalledBy("DatabaseServerInUse", message);
    if (cared !== undefined) return report(server, { ...cared, verdicts }, ports);
    const { version, writer } = statusOf<DatabaseServerStatus>(server);
    const seen = { ...(version === undefined ? {} : { version }), ...(writer === undefined ? {} : { writer }) };
    return report(server, { ...seen, verdicts, again: IN_USE_MS }, ports);
  }
  const metadata = { resourceVersion, finalizers: finalizers.filter((one) => one !== SERVER_FINALIZER) };
  await ports.api.mergePatch({ resource: resources.DatabaseServer, namespace: undefined, name }, { metadata }, {}, signal);
  return {};
}
