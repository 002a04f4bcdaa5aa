import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import { refuseEnvironment } from "../environment/refuse-environment.ts";
import { findRecord } from "../find-record.ts";
import type { Ports, SiteRecord } from "../ports.ts";

/** The site that a deploy is for. Error: `site/unknown` with the command that starts it. */
export async function requireRunning(given: string, directory: string, ports: Ports): Promise<SiteRecord> {
  const record = await findRecord(given, directory, ports).catch((error: unknown) => {
    if (!(error instanceof HowdahError) || error.code !== "site/unknown") throw error;
    throw new HowdahError("site/unknown", `${given} is no site that runs here, so there is nothing to deploy to`, {
      hint: `Start it: \`howdah up ${given}\`. Sites that run: \`howdah status\`.`,
    });
  });
  refuseEnvironment(
    record,
    "its code comes from a release or a branch",
    "`howdah env create` with `--from-branch` brings a branch's newest commit.",
  );
  if (record.serving !== null) return record;
  throw new HowdahError("site/unknown", `${record.namespace} has never served, so there is nothing to deploy to`, {
    hint: `Start it: \`howdah up ${record.file}\`.`,
  });
}

/** A site file that says nothing of TLS, for a site that `up --tls` was said of. */
export function withLocalTls(site: Site): Site {
  return site.tls.mode === "off" ? { ...site, tls: { mode: "local" } } : site;
}

/** `up --tls` is said once; a deploy changes no way in. */
export function withTlsOf(running: SiteRecord | undefined, site: Site): Site {
  return running?.site.tls.mode === "local" ? withLocalTls(site) : site;
}
