import { HowdahError } from "../../kernel/howdah-error.ts";
import { RETRY_ANNOTATION } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { decideMigration, type LedgerEntry, type LedgerPlace, readLedger } from "../rollout/ledger.ts";
import { type ClusterPlace, PRODUCTION } from "./cluster-place.ts";
import { builtRelease, releaseObject } from "./release-resource.ts";
import { clusterReleases, productionOf } from "./write-release.ts";

type LedgerPorts = Pick<Ports, "clock"> & { readonly clusters: Pick<Ports["clusters"], "engine"> };

/**
 * Reads the ledger of a site on a cluster, by a program in a pod like the one that serves: a person needs the right to make pods there, and no
 * operator need run. Errors: `release/unknown` while nothing serves, those of `readLedger`.
 */
export async function ledgerOnCluster(place: ClusterPlace, ports: LedgerPorts, context: EngineContext): Promise<readonly LedgerEntry[]> {
  return readLedger(await servingSite(place, context.signal), await portsOf(place, ports), context);
}

/**
 * Writes down what a person decided about migrations that were cut off, and asks the operator for the release that it stopped at once more.
 * Answers their steps. Errors: `machine/busy` while the operator is at a rollout (its migration may be the one that is asked about),
 * `release/unknown` while nothing serves, those of `decideMigration`.
 */
export async function decideOnCluster(
  place: ClusterPlace,
  decision: "retry" | "done",
  ports: LedgerPorts,
  context: EngineContext,
): Promise<readonly string[]> {
  const { api } = place.cluster;
  const environment = await productionOf(api, place.namespace, context.signal);
  const { rollout } = (environment?.["status"] as EnvironmentStatus | undefined) ?? {};
  if (rollout !== undefined)
    throw new HowdahError("machine/busy", `The operator is taking ${rollout.release} of ${place.namespace} into service`, {
      hint: "Decide when it has ended: `howdah status --context NAME` says.",
    });
  const decided = await decideMigration(await servingSite(place, context.signal), decision, await portsOf(place, ports), context);
  const annotations = { [RETRY_ANNOTATION]: new Date(ports.clock.now()).toISOString() };
  const name = { resource: resources.Environment, namespace: place.namespace, name: PRODUCTION };
  await api.mergePatch(name, { metadata: { annotations } }, {}, context.signal);
  return decided;
}

/** The ledger is the database's, so any code that has it will do: that which serves is there. */
async function servingSite(place: ClusterPlace, signal: AbortSignal): Promise<LedgerPlace> {
  const { namespace } = place;
  const serving = (await clusterReleases(place, signal)).find(({ status }) => status.state === "serving");
  if (serving === undefined) throw new HowdahError("release/unknown", `No release serves in ${namespace}`);
  return builtRelease(releaseObject(namespace, serving.id, serving.spec));
}

/** The operator's lock is its own: who looks at the status first and finds no rollout is alone. */
async function portsOf({ cluster }: ClusterPlace, { clusters }: LedgerPorts): Promise<Parameters<typeof readLedger>[1]> {
  return { engine: await clusters.engine(cluster), locks: { hold: (_namespace, _command, work) => work() } };
}
