import type { Target } from "../engine/engine.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { Site } from "../site/site.ts";

/** The container that runs the site's PHP. A static site has none, and says so. */
export function phpTarget(site: Site, namespace: string): Target {
  if (site.runtime === null)
    throw new HowdahError("usage/invalid", `${site.name} is a static site: it has no PHP container`, {
      hint: "Its files are served by nginx alone.",
    });
  return { namespace, workload: site.topology === "apart" ? "php" : "web", container: "php" };
}
