import { visible, writeYaml } from "./documenting/write-yaml.ts";
import type { Site } from "./site.ts";

/** The resolved site as text: every default in its place. Secrets are references in it, so nothing secret is shown. */
export function showSite(site: Site, format: "yaml" | "json"): string {
  return format === "json" ? `${visible(JSON.stringify(site, null, 2))}\n` : writeYaml(site);
}
