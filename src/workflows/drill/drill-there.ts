import { PassThrough } from "node:stream";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import { galeraNodeNames } from "../../render/galera/render-galera.ts";
import type { DatabaseServerStatus } from "../../resources/schema/database-server.ts";
import { askWriter } from "../database-server/keep-routers.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { type DatabaseDrill, drillDatabase } from "./drill-database.ts";
import type { DrillOptions, DrillPlace, Fault } from "./drill-place.ts";
import type { DrillPorts } from "./drill-ports.ts";
import type { LoadClients } from "./write-load.ts";

type There = Pick<Ports, "engine" | "databases" | "databaseServers"> & { readonly drills: Pick<DrillPorts, "scratchDatabase"> };

/** A node that lost its data directory copies all of it from another. */
const WHOLE_MS = 600_000;
const POLL_MS = 500;

/** A Galera server of a cluster by its name, or the only one. Error: `database/server-unknown`, with the names that there are. */
export async function chooseServerThere(
  given: string | undefined,
  { databaseServers }: Pick<Ports, "databaseServers">,
): Promise<DatabaseServerDocument> {
  const all = (await databaseServers.list()).filter(({ spec }) => spec.kind === "galera");
  const [only, ...others] = all.filter(({ name }) => given === undefined || name === given);
  if (only !== undefined && others.length === 0) return only;
  const names = all.map(({ name }) => name).join(", ");
  throw new HowdahError(
    "database/server-unknown",
    only === undefined ? `No such server of kind galera is there` : "Name the server to drill",
    {
      hint: names === "" ? "The cluster has no DatabaseServer of kind galera." : `Servers there: ${names}.`,
    },
  );
}

/**
 * Drills a Galera server of a cluster at its writer, under a load through its routers: its process killed or frozen, its pod deleted (`move`). The load goes
 * through the API server, so its figures are a little larger than what pods see. It is whole again when the operator says so.
 */
export async function drillServerThere(
  document: DatabaseServerDocument,
  options: DrillOptions & { readonly clients: LoadClients },
  { api, ports }: { readonly api: KubernetesApi; readonly ports: There },
  context: EngineContext & { readonly clock: Clock },
): Promise<DatabaseDrill> {
  const place = galeraPlace(document, api, context);
  const reference = serverReference(document.name, ports);
  return await drillDatabase(place, () => ports.drills.scratchDatabase(reference), options, context);
}

/** The writer of a cluster's Galera server as a place for drills. */
export function galeraPlace(
  { name, spec }: DatabaseServerDocument,
  api: Pick<KubernetesApi, "get" | "exec" | "delete" | "askPod">,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): DrillPlace {
  const nodes = galeraNodeNames({ name, replicas: spec.galera?.replicas ?? 3 });
  const pod = (node: string) => ({ resource: resources.Pod, namespace: SYSTEM_NAMESPACE, name: node });
  const tell = async (node: string, word: "KILL" | "STOP" | "CONT"): Promise<void> => {
    const argv = ["sh", "-c", 'kill -s "$1" "$(cat "$2")"', "sh", word, PID_FILE];
    // A kubelet runs nothing of which nobody wants to hear.
    const request = { argv, stdin: undefined, stdout: new PassThrough().resume(), stderr: undefined, tty: false };
    const code = await api.exec(
      { namespace: SYSTEM_NAMESPACE, pod: node, container: DATABASE_CONTAINER },
      request,
      AbortSignal.timeout(TELL_MS),
    );
    if (code !== 0) throw new HowdahError("engine/not-ready", `The server of ${node} could not be told ${word}`);
  };
  return {
    name: `the server ${name}`,
    faults: ["kill", "freeze", "move"],
    async strike(fault: Fault) {
      const writer = await writerOf(nodes, api, signal);
      if (fault === "move") {
        const { uid = "" } = (await api.get(pod(writer), signal))?.metadata ?? {};
        await api.delete(pod(writer), { preconditions: { uid } }, signal);
        return { hit: writer };
      }
      await tell(writer, fault === "kill" ? "KILL" : "STOP");
      // Who found it silent may have ended it meanwhile: then there is nothing to take back.
      return fault === "kill" ? { hit: writer } : { hit: writer, undo: () => tell(writer, "CONT").catch(unlessGone) };
    },
    whole: (until) => untilHealthy(name, api, clock, until),
  };
}

const PID_FILE = `${DATABASE_PATHS.run}/mysqld.pid`;
const TELL_MS = 15_000;

async function writerOf(nodes: readonly string[], api: Pick<KubernetesApi, "askPod">, signal: AbortSignal): Promise<string> {
  const writer = await askWriter(nodes, api, signal);
  if (writer !== undefined) return writer;
  throw new HowdahError("engine/not-ready", "No node says that it is the writer", {
    hint: "`kubectl get databaseservers` says how they are.",
  });
}

function unlessGone(error: unknown): void {
  if (!(error instanceof HowdahError)) throw error;
}

/** The operator looks every two seconds while something is wrong: a state from before the harm is not believed. */
async function untilHealthy(name: string, api: Pick<KubernetesApi, "get">, clock: Clock, signal: AbortSignal): Promise<void> {
  const began = clock.now();
  for (;;) {
    const found = await api.get({ resource: resources.DatabaseServer, namespace: undefined, name }, signal);
    const { state } = (found?.["status"] ?? {}) as Partial<DatabaseServerStatus>;
    if (state === "Healthy" && clock.now() - began > BELIEVED_MS) return;
    if (clock.now() - began > WHOLE_MS)
      throw new HowdahError("drill/not-back", `${name} is not healthy: it is ${state ?? "not looked at"}`);
    await clock.sleep(POLL_MS, signal);
  }
}

/** One look of an operator at a server that was well. */
const BELIEVED_MS = 12_000;
