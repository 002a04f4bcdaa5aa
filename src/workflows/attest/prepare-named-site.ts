import { loadSite } from "../load-site/load-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { requireRoot } from "../up/check-machine.ts";
import { prepareImages } from "../up/prepare-images.ts";
import { exportingOnce } from "./exporting-once.ts";
import type { PreparedSite } from "./bill-of-materials.ts";

/** A site by its name, directory or file, with its images; those that are missing are built. Errors: those of loading and building. */
export async function prepareNamedSite(
  given: string,
  { directory, version }: { readonly directory: string; readonly version: string },
  ports: Ports,
  context: EngineContext,
): Promise<PreparedSite> {
  const record = (await ports.records.list()).find(({ namespace }) => namespace === given);
  const { site, source, lockFile } = await loadSite(record?.file ?? given, directory, ports.files);
  await requireRoot(ports);
  const images = await prepareImages(site, source, lockFile, ports, context);
  return { site, source, images, version, exported: exportingOnce(ports, context) };
}
