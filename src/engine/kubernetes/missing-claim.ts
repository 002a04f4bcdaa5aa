import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Cluster } from "./cluster.ts";
import type { EngineState } from "./engine-state.ts";

/**
 * Refuses to make a claim again that was applied before and is gone, or whose volume is lost: a new, empty volume in its place would look
 * like lost data at best, and be installed over at worst. A person decides. Error: `data/volume-missing`.
 */
export async function missingClaim(
  cluster: Cluster,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  claim: string,
  state: EngineState,
): Promise<void> {
  if (!state.claims.includes(claim)) return;
  const live = await cluster.api.get({ resource: resources.PersistentVolumeClaim, namespace, name: claim });
  const lost = (live?.["status"] as { phase?: string } | undefined)?.phase === "Lost";
  if (live !== undefined && live.metadata.deletionTimestamp === undefined && !lost) return;
  const what = lost ? "has lost its volume" : "is gone";
  throw new HowdahError(
    "data/volume-missing",
    `The PersistentVolumeClaim ${claim} of ${namespace} ${what}, and with it the files of ${name} in "${claim}": it was not Howdah that removed it`,
    {
      hint: `With a backup or the kept PersistentVolume: make the claim ${claim} in ${namespace} again, labelled as before, and run the command again. To start empty: \`howdah destroy SITE --purge\`, then deploy.`,
    },
  );
}
