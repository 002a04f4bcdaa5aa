import { HowdahError } from "../../kernel/howdah-error.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import type { ReleaseSpec } from "../../resources/schema/release.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";

type SharedImages = Pick<Ports, "sharedImages">;

/**
 * What the shared server of a version runs: the image that was chosen in howdah-system. Never one that a release names: a release is its tenant's, and
 * the server holds the databases of all. Error: `database/no-image`.
 */
export async function chosenServer(version: string, { sharedImages }: SharedImages): Promise<string> {
  const name = databaseServerName(version);
  const chosen = await sharedImages.get(name);
  if (chosen === undefined) throw new HowdahError("database/no-image", `Nobody has chosen an image for the database server ${name}`);
  return chosen.reference;
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * Offers a deploy's server to all sites of its version: the newest stays, so sites with different locks don't take it to and fro. Who may not write in
 * howdah-system leaves it as it is, and hears so when there is none.
 */
export async function offerServer(
  site: Pick<Site, "database">,
  image: ReleaseSpec["images"]["database"],
  { sharedImages }: SharedImages,
  { emit }: Pick<EngineContext, "emit">,
): Promise<void> {
  if (site.database === null || image === undefined) return;
  const name = databaseServerName(site.database.version);
  const { reference, version } = image;
  try {
    const current = await sharedImages.get(name);
    if (current !== undefined && collator.compare(version, current.version) <= 0) return;
    await sharedImages.put(name, { name, reference, version });
  } catch (error) {
    if (!(error instanceof HowdahError && error.code === "cluster/forbidden")) throw error;
    const message = `the shared database server ${name} runs what an administrator has chosen: you may not write in howdah-system`;
    emit({ type: "notice", level: "info", message });
  }
}
