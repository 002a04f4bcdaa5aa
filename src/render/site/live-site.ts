import type { Site } from "../../site/site.ts";

/**
 * What the site file may not say otherwise while `deploy --watch` runs. opcache stays on, since without it big applications are no fun to
 * work with, but it looks at each file's time at each request; a file younger than two seconds is not kept, as times count in seconds.
 * Remembered paths would hide a moved symlink. What was compiled just in time for code that changes all day only fills memory, and without
 * the JIT's setting the machine would compile ahead for code that is gone a moment later.
 */
const LIVE_INI: Readonly<Record<string, string>> = {
  "opcache.validate_timestamps": "On",
  "opcache.revalidate_freq": "0",
  "opcache.revalidate_path": "On",
  "opcache.file_update_protection": "2",
  "opcache.enable_file_override": "Off",
  "opcache.file_cache_only": "Off",
  "opcache.jit": "off",
  realpath_cache_size: "0",
};

/** A site as it is rendered over code that changes under its pods: nothing between a file and its reader keeps anything. */
export function liveSite(site: Site): Site {
  return {
    ...site,
    web: { ...site.web, microcache: null },
    runtime: site.runtime === null ? null : { ...site.runtime, ini: { ...site.runtime.ini, ...LIVE_INI } },
  };
}
