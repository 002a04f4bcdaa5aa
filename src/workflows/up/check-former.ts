import { HowdahError } from "../../kernel/howdah-error.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import type { Site } from "../../site/site.ts";
import type { Ports, SiteRecord } from "../ports.ts";

/** Names are unique on a machine, and data belongs to a name: what was here under it must be this very site. */
export async function checkFormer(
  site: Site,
  file: string,
  options: { readonly adopt: boolean },
  ports: Ports,
): Promise<SiteRecord | undefined> {
  const former = await ports.records.get(site.name);
  const retained = former === undefined ? (await ports.retained.get(site.name))?.record : undefined;
  const known = former ?? retained;
  if (known === undefined) return undefined;
  if (known.file !== file && !options.adopt) {
    const what = former === undefined ? "kept data of a destroyed site" : "a site that runs";
    throw new HowdahError("site/name-taken", `The name ${site.name} belongs to ${what}, whose file is ${known.file}`);
  }
  checkDatabase(site, known);
  return former;
}

/** An empty database in the place of a full one looks like lost data. */
function checkDatabase(site: Site, known: SiteRecord): void {
  if (known.database === null) return;
  const wanted = site.database === null ? null : databaseServerName(site.database.version);
  if (wanted === known.database.server) return;
  throw new HowdahError(
    "site/database-left",
    `${site.name} has its data in ${known.database.server}, and would ${wanted === null ? "have no database" : `get an empty one in ${wanted}`}`,
  );
}
