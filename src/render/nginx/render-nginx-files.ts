import type { Site } from "../../site/site.ts";
import type { NginxFacts } from "./nginx-facts.ts";
import { printNginx } from "./print-nginx.ts";
import { renderSiteConfig } from "./render-site-config.ts";

/**
 * The files of a site's nginx by their path below /etc/howdah/nginx. Site images run
 * `nginx -e stderr -g 'daemon off;' -c /etc/howdah/nginx/nginx.conf`, so the file does not say `daemon off` itself. Fails with `render/unsafe` when something in the site can't be said to nginx safely.
 */
export function renderNginxFiles(site: Site, facts: NginxFacts): Readonly<Record<string, string>> {
  return { "nginx.conf": printNginx(renderSiteConfig(site, facts)) };
}
