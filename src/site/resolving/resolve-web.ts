import { defaultIndex } from "../defaults.ts";
import type { DeclaredSite } from "../schema/site-document.ts";
import type { Site } from "../site.ts";
import { bytesOf } from "./quantity.ts";
import { byName } from "./resolve-commands.ts";

type Spec = DeclaredSite["spec"];
type Location = Site["web"]["locations"][number];

/** What nginx serves, with nothing left to choose. */
export function resolveWeb(spec: Spec): Site["web"] {
  const { web } = spec;
  const cache = web.microcache;
  return {
    root: web.root,
    index: web.index ?? defaultIndex(spec.runtime !== undefined),
    locations: byName(web.locations).map(resolveLocation).sort(longestFirst),
    rewrites: web.rewrites,
    deny: [...new Set(web.deny)].sort(),
    modules: [...new Set(web.modules)].sort(),
    healthPath: web.healthPath,
    maxBodyBytes: bytesOf(web.maxBodySize),
    microcache: cache === false ? null : { bypass: cache === true ? [] : [...new Set(cache.bypass)].sort() },
  };
}

/** A slash at the end makes no difference, so `/uploads/` and `/uploads` are one; `passthru: true` is /index.php. */
function resolveLocation([path, declared]: readonly [string, Spec["web"]["locations"][string]]): Location {
  const { passthru, ...rest } = declared;
  const script = passthru === true ? "/index.php" : passthru;
  return { path: path.replace(/(?<=.)\/+$/, ""), ...rest, ...(script === undefined ? {} : { passthru: script }) };
}

/** As they are matched. The list comes sorted by name, and sorting is stable. */
function longestFirst(a: Location, b: Location): number {
  return b.path.length - a.path.length;
}
