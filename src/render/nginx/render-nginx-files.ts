import type { Site } from "../../site/site.ts";
import type { NginxFacts } from "./nginx-facts.ts";
import { renderSiteConfig } from "./render-site-config.ts";
import { splitNginx } from "./split-files.ts";

/**
 * The files of a site's nginx by their path below /etc/howdah/nginx. Pods run `nginx -c /etc/howdah/nginx/nginx.conf`:
 * the file itself says `daemon off`, so the command line must not. Fails with `render/unsafe` when something in the site can't be said to nginx safely.
 */
export function renderNginxFiles(site: Site, facts: NginxFacts): Readonly<Record<string, string>> {
  return splitNginx(renderSiteConfig(site, facts), facts.largestFile ?? Number.POSITIVE_INFINITY);
}
