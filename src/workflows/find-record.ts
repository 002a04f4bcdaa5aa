import { HowdahError } from "../kernel/howdah-error.ts";
import type { Ports, SiteRecord } from "./ports.ts";
import { locateSite } from "./up/locate-site.ts";

/**
 * The site that a person means: a name (`TENANT/SITE` for a tenant's), a directory or a site file; without a word the one of the current directory,
 * or, where no site file lies, the only one of the machine. Errors: site/unknown with the names that there are; usage/invalid when two
 * sites have the file.
 */
export async function findRecord(given: string | undefined, current: string, ports: Pick<Ports, "records" | "files">): Promise<SiteRecord> {
  const records = await ports.records.list();
  const byName = records.find(
    ({ namespace, site }) => namespace === given || (site?.tenant !== undefined && given === `${site.tenant.name}/${site.tenant.site}`),
  );
  if (byName !== undefined) return byName;
  const place = await locateSite(given, current, ports.files).catch(() => undefined);
  const [byFile, another] = place === undefined ? [] : records.filter(isOfFile(place.file));
  if (byFile !== undefined && another !== undefined) throw ambiguous(byFile, another);
  if (byFile !== undefined) return byFile;
  const [only, more] = records.filter(({ site }) => site?.preview === undefined);
  // Whoever stands in a site's own directory means that site, even when it does not run.
  if (given === undefined && place?.exists !== true && more === undefined && only !== undefined) return only;
  const names = records.map((record) => record.namespace).join(", ");
  throw new HowdahError(
    "site/unknown",
    given === undefined ? "The current directory is no site that runs here" : `No site ${JSON.stringify(given)} runs here`,
    {
      hint: names === "" ? "No site runs on this machine yet: `howdah up DIR` starts one." : `Sites here: ${names}.`,
    },
  );
}

/** Environments have their site's file, which means the site itself. */
function isOfFile(file: string): (record: SiteRecord) => boolean {
  return (record) => record.file === file && record.site?.preview === undefined;
}

/** A file whose `metadata.name` was changed: the former site runs on under its own name. */
function ambiguous(one: SiteRecord, other: SiteRecord): HowdahError {
  return new HowdahError("usage/invalid", `The sites ${one.namespace} and ${other.namespace} both have the file ${one.file}`, {
    hint: `Name one of them: ${one.namespace} or ${other.namespace}.`,
  });
}
