import type { Site } from "../../site/site.ts";
import { renderEntrypointConfig } from "./entrypoint-config.ts";
import { renderFpmConfig } from "./fpm-config.ts";
import { renderPhpIni } from "./php-ini.ts";

/** The files of /etc/howdah in the PHP container by name, or null for a static site. `migration` is the identity of its inputs. */
export function renderPhpFiles(site: Site, migration: string): Readonly<Record<string, string>> | null {
  if (site.runtime === null) return null;
  return {
    "entrypoint.json": renderEntrypointConfig(site, migration),
    "php-fpm.conf": renderFpmConfig(site, site.runtime),
    "php.ini": renderPhpIni(site, site.runtime),
  };
}
