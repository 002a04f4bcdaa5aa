import type { Site } from "../../site/site.ts";
import type { FastcgiUpstream, NginxFacts } from "../nginx/nginx-facts.ts";
import { renderNginxFiles } from "../nginx/render-nginx-files.ts";
import { renderStatusConfig } from "../nginx/render-status-server.ts";
import { PHP_PATHS } from "../php/entrypoint-config.ts";
import { renderPhpFiles } from "../php/php-files.ts";
import { CONFIG_MAP_BYTES } from "./config-maps.ts";
import type { RenderInput } from "./render-input.ts";

/** Port of PHP-FPM when it is scaled apart (R-A14). */
export const FPM_PORT = 9000;

/** Configuration files by name: of nginx in /etc/howdah/nginx, of PHP in /etc/howdah. */
export interface SiteFiles {
  readonly nginx: Readonly<Record<string, string>>;
  readonly php: Readonly<Record<string, string>> | null;
}

/** Name of the configuration of the nginx that shows FPM's figures, beside PHP's own files. */
export const STATUS_CONFIG = "status.conf";

/**
 * True where PHP's pods need somebody who speaks HTTP for them: apart from nginx, on a cluster. Autoscalers judge each pod of PHP by its own
 * figures, which nobody else has; and a kubelet that asks by HTTP starts no process for each probe.
 */
export function hasStatusContainer(site: Site, { serviceDomain }: Pick<RenderInput, "serviceDomain">): boolean {
  return site.runtime !== null && site.topology === "apart" && serviceDomain !== undefined;
}

function nginxFacts(site: Site, input: RenderInput): NginxFacts {
  const apart = site.topology === "apart";
  const host = input.serviceDomain === undefined ? "php" : `php.${input.serviceDomain}`;
  const tcp: FastcgiUpstream = { kind: "tcp", host, port: FPM_PORT, resolver: input.resolver };
  return {
    trustedProxies: input.trustedProxies,
    phpUpstream: apart ? tcp : { kind: "unix", socket: PHP_PATHS.fpmSocket },
    liveCode: input.live !== undefined,
    ...(input.serviceDomain === undefined ? {} : { largestFile: CONFIG_MAP_BYTES }),
    statusUpstream: apart || site.runtime === null ? null : { kind: "unix", socket: PHP_PATHS.statusSocket },
  };
}

/** The files that a site's containers read; the same text is judged by the real servers before it replaces anything. */
export function renderFiles(site: Site, input: RenderInput): SiteFiles {
  const release = { migration: input.migration, code: input.releaseId, atStart: input.migratesAtStart === true };
  const php = renderPhpFiles(site, release, input.sessions != null);
  const status = (): string => renderStatusConfig({ kind: "unix", socket: PHP_PATHS.statusSocket });
  return {
    nginx: renderNginxFiles(site, nginxFacts(site, input)),
    php: php !== null && hasStatusContainer(site, input) ? { ...php, [STATUS_CONFIG]: status() } : php,
  };
}
