import { isPhpVersion, type PhpVersion, phpVersions } from "../../catalog/php-versions.ts";
import { hasErrors } from "../../kernel/diagnostic.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { inReadingOrder, type PositionedDiagnostic, positioned } from "../../site/reading/positions.ts";
import { resolveSite } from "../../site/resolve.ts";
import type { DeclaredSite } from "../../site/schema/site-document.ts";
import type { Runtime, Site } from "../../site/site.ts";
import { InvalidSiteError } from "../load-site/invalid-site-error.ts";
import type { Findings } from "../load-site/load-site.ts";

/** The environment that tests run as: its names (database, hostname) are those of no other. */
export const TEST_ENVIRONMENT = "test";

/** A site as it is tested on one version of PHP. */
export interface PlannedTest {
  readonly php: PhpVersion;
  readonly site: Site;
  readonly runtime: Runtime;
}

/** The versions of `--php 7.4,8.2`, each once, oldest first. Error: `usage/invalid`, naming all that there are. */
export function versionsOf(list: string): readonly PhpVersion[] {
  const words = list.split(",").map((word) => word.trim());
  const unknown = words.filter((word) => !isPhpVersion(word));
  if (unknown.length > 0) {
    throw new HowdahError("usage/invalid", `Howdah has no PHP ${unknown.map((word) => JSON.stringify(word)).join(", ")}`, {
      hint: `It has ${phpVersions.join(", ")}: write \`--php ${phpVersions.join(",")}\`.`,
    });
  }
  return phpVersions.filter((version) => words.includes(version));
}

/**
 * The site on each version, judged by the rules that `check` has: an extension that a version lacks is an error before anything is built.
 * Errors: `usage/invalid` for a site without a PHP of Howdah's; `site/invalid` with the findings of all versions.
 */
export function planTests(findings: Findings, versions: readonly PhpVersion[] | undefined): readonly PlannedTest[] {
  const declared = findings.parsed.site;
  if (declared === undefined || hasErrors(findings.diagnostics)) throw new InvalidSiteError(findings);
  const { runtime } = declared.spec;
  if (runtime === undefined) {
    throw new HowdahError("usage/invalid", `${declared.metadata.name} has no PHP: there is nothing to test it on`, {
      hint: "A static site has no spec.runtime.",
    });
  }
  if (runtime.image !== undefined) {
    throw new HowdahError("usage/invalid", `${declared.metadata.name} runs on an image of somebody else: ${runtime.image}`, {
      hint: "Tests run on Howdah's own PHP, with the extensions that the site file lists. Remove spec.runtime.image, or test in that image by other means.",
    });
  }
  const wrong: PositionedDiagnostic[] = [];
  const planned = (versions ?? versionsOf(runtime.php)).flatMap((php) => {
    const { site, diagnostics } = resolveSite(onVersion(declared, runtime, php), { environment: TEST_ENVIRONMENT });
    wrong.push(...positioned(diagnostics, findings.parsed.positions).filter(({ severity }) => severity === "error"));
    return site === undefined || site.runtime === null ? [] : [{ php, site, runtime: site.runtime }];
  });
  if (wrong.length > 0) throw new InvalidSiteError({ ...findings, diagnostics: inReadingOrder(wrong) });
  return planned;
}

function onVersion(declared: DeclaredSite, runtime: NonNullable<DeclaredSite["spec"]["runtime"]>, php: PhpVersion): DeclaredSite {
  return { ...declared, spec: { ...declared.spec, runtime: { ...runtime, php } } };
}
