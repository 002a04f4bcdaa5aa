import type { Site } from "../../site/site.ts";
import type { Settings } from "../ports.ts";

/** The address that people type: the main hostname and the edge's port, without the port that the scheme implies. */
export function siteUrl(site: Site, settings: Pick<Settings, "httpPort" | "httpsPort">): string {
  const secure = site.tls.mode !== "off";
  const port = secure ? settings.httpsPort : settings.httpPort;
  const host = (site.hostnames[0] ?? `${site.name}.localhost`).replace("*", "www");
  return `${secure ? "https" : "http"}://${host}${port === (secure ? 443 : 80) ? "" : `:${String(port)}`}`;
}
