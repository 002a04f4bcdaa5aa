import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import type { Ports, SiteRecord } from "../ports.ts";
import { chooseServer } from "./choose-server.ts";

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
  refuseStranger(site, known, former !== undefined);
  if (known.file !== file && !options.adopt) {
    const what = former === undefined ? "kept data of a destroyed site" : "a site that runs";
    throw new HowdahError("site/name-taken", `The name ${site.name} belongs to ${what}, whose file is ${known.file}`);
  }
  if (site.preview !== undefined) return former; // its server is its own
  await chooseServer({ site, namespace: site.name, known: known.database }, ports);
  return former;
}

/** Data of one tenant never becomes another's, not even under the same name and file: a tenant that was deleted and made anew is another one. */
function refuseStranger(site: Site, known: SiteRecord, runs: boolean): void {
  if (known.site.tenant?.uid === site.tenant?.uid) return;
  const whose = known.site.tenant === undefined ? "no tenant" : `another tenant, which was called ${known.site.tenant.name}`;
  throw new HowdahError(
    "site/name-taken",
    `The name ${site.name} belongs to ${runs ? "a site" : "kept data of a destroyed site"} of ${whose}`,
    {
      hint: runs
        ? "Choose another name."
        : `Data that nobody is owed any more: \`howdah destroy ${site.name} --purge\`. Else choose another name.`,
    },
  );
}
