import { CODE_ROOT } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { effectiveLocations } from "./effective-locations.ts";
import { hiddenPaths } from "./protected-names.ts";

/** Where a site's nginx looks for files: what a web image must hold, and no more. The words are those of the image builder's port. */
export interface SiteServedFiles {
  /** The longest path decides. `directory` is relative to the code root. */
  readonly locations: readonly { readonly path: string; readonly directory: string; readonly serves: "public" | "all" | "nothing" }[];
  /** Regular expressions on URL paths of what is never sent from a `public` location. */
  readonly hidden: readonly { readonly pattern: string; readonly anyCase: boolean }[];
  /** Paths, relative to the code root, that a volume hides. */
  readonly mounts: readonly string[];
}

/** The same judgement as the rendered configuration's, as data: locations with their directories, protected names, volumes. */
export function servedFiles(site: Site): SiteServedFiles {
  return {
    locations: effectiveLocations(site).map(({ path, directory, internal, allow, redirect }) => ({
      path,
      directory: directory === CODE_ROOT ? "." : directory.slice(CODE_ROOT.length + 1),
      serves: redirect !== undefined || !allow ? "nothing" : internal ? "all" : "public",
    })),
    hidden: hiddenPaths(site.web.deny),
    mounts: site.mounts.map((mount) => mount.path),
  };
}
