import { dirname, join, resolve } from "node:path";
import { hasErrors } from "../../kernel/diagnostic.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { phpIniDiagnostics } from "../../render/php/php-ini.ts";
import type { ParsedSite } from "../../site/parse-site.ts";
import { inReadingOrder, type PositionedDiagnostic, positioned } from "../../site/reading/positions.ts";
import type { Site } from "../../site/site.ts";
import type { ProjectFiles } from "../ports.ts";
import { readSiteFile } from "../read-site-file/read-site-file.ts";
import { LOCK_FILE, locateSite } from "../up/locate-site.ts";
import { InvalidSiteError } from "./invalid-site-error.ts";

/** A site file with all that was found in it. */
export interface Findings {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly PositionedDiagnostic[];
  /** Only when nothing is wrong. */
  readonly site?: Site;
  readonly parsed: ParsedSite;
}

/** A site that may be used, and where its things are. */
export interface LoadedSite {
  readonly site: Site;
  readonly file: string;
  readonly source: string;
  readonly lockFile: string;
  readonly warnings: readonly PositionedDiagnostic[];
  readonly text: string;
}

/** Reads and checks a site file without judging. Errors: site/not-found, site/unreadable. */
export async function loadFindings(given: string | undefined, current: string, files: ProjectFiles): Promise<Findings> {
  const place = await locateSite(given, current, files);
  if (!place.exists) throw new HowdahError("site/not-found", `There is no ${place.file}`);
  const { path, ...found } = await readSiteFile(place.file);
  if (found.site === undefined) return { file: path, ...found };
  const rendering = positioned(phpIniDiagnostics(found.site), found.parsed.positions);
  return { file: path, ...found, diagnostics: inReadingOrder([...found.diagnostics, ...rendering]) };
}

/** The resolved site of a file. Errors: site/invalid, carrying all findings. */
export async function loadSite(given: string | undefined, current: string, files: ProjectFiles): Promise<LoadedSite> {
  const findings = await loadFindings(given, current, files);
  const { site, file, text } = findings;
  if (site === undefined || hasErrors(findings.diagnostics)) throw new InvalidSiteError(findings);
  const directory = dirname(file);
  return {
    site,
    file,
    text,
    source: resolve(directory, site.source),
    lockFile: join(directory, LOCK_FILE),
    warnings: findings.diagnostics,
  };
}
