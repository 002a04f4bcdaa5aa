import { resolveSite } from "../../site/resolve.ts";
import { type SiteDocument, siteDocument } from "../../site/schema/site-document.ts";
import type { Site } from "../../site/site.ts";

/** A resolved site for tests, from what its owner would write below `spec`. */
export function siteFixture(spec: SiteDocument["spec"] = {}): Site {
  const document: SiteDocument = {
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Site",
    metadata: { name: "blog" },
    spec: { runtime: { php: "8.4" }, ...spec },
  };
  const { site, diagnostics } = resolveSite(siteDocument.parse(document), { environment: "production" });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  return site;
}
