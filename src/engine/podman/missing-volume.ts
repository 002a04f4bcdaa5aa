import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";

/**
 * The failure of a claim that was applied and whose volume is not there any more. A new, empty volume in its place would look like lost
 * data at best, and be installed over at worst: a person decides.
 */
export function missingVolume(volume: string, namespace: string, claim: string): HowdahError {
  const whose = namespace === SYSTEM_NAMESPACE ? `the databases of every site on ${claim}` : `the files of ${namespace} in "${claim}"`;
  return new HowdahError(
    "data/volume-missing",
    `The podman volume ${volume} is gone, and with it ${whose}: it was not Howdah that removed it`,
  );
}
