import type { Site } from "../../site/site.ts";
import { type ReleaseIdentity, renderEntrypointConfig } from "./entrypoint-config.ts";
import { renderFpmConfig } from "./fpm-config.ts";
import { renderMailFunction } from "./mail-settings.ts";
import { renderPhpIni } from "./php-ini.ts";

/** The files of /etc/howdah in the PHP container by name, or null for a static site. `sessionServer`: whether the site has one. */
export function renderPhpFiles(site: Site, release: ReleaseIdentity, sessionServer = false): Readonly<Record<string, string>> | null {
  if (site.runtime === null) return null;
  return {
    "entrypoint.json": renderEntrypointConfig(site, release),
    "php-fpm.conf": renderFpmConfig(site, site.runtime),
    "php.ini": renderPhpIni(site, site.runtime, sessionServer),
    ...renderMailFunction(site, site.runtime),
  };
}
