import { HowdahError } from "../kernel/howdah-error.ts";
import type { Ports, SiteRecord } from "./ports.ts";
import { locateSite } from "./up/locate-site.ts";

/**
 * The site that a person means: a name, a directory or a site file; without a word the one of the current directory,
 * or the only one of the machine. Errors: site/unknown with the names that there are.
 */
export async function findRecord(given: string | undefined, current: string, ports: Ports): Promise<SiteRecord> {
  const records = await ports.records.list();
  const byName = records.find((record) => record.namespace === given);
  if (byName !== undefined) return byName;
  const place = await locateSite(given, current, ports.files).catch(() => undefined);
  const byFile = place === undefined ? undefined : records.find((record) => record.file === place.file);
  if (byFile !== undefined) return byFile;
  const [only] = records;
  if (given === undefined && records.length === 1 && only !== undefined) return only;
  const names = records.map((record) => record.namespace).join(", ");
  throw new HowdahError(
    "site/unknown",
    given === undefined ? "The current directory is no site that runs here" : `No site ${JSON.stringify(given)} runs here`,
    {
      hint: names === "" ? "No site runs on this machine yet: `howdah up DIR` starts one." : `Sites here: ${names}.`,
    },
  );
}
