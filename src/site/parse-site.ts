import type { Path } from "../kernel/diagnostic.ts";
import { type GuardResult, guardText } from "./reading/guard-text.ts";
import { issueFindings } from "./reading/issue-findings.ts";
import { limits } from "./reading/limits.ts";
import { type LineIndex, lineIndex } from "./reading/line-index.ts";
import { inReadingOrder, type PositionedDiagnostic, type Positions, pathKey, positioned } from "./reading/positions.ts";
import { type ReadDocument, readDocument } from "./reading/read-document.ts";
import { salvage } from "./reading/salvage.ts";
import { type DeclaredSite, type SiteDocument, siteDocument } from "./schema/site-document.ts";

/** A site file's text, read: plain data, so that it crosses from the worker that parses untrusted files. */
export interface ParsedSite {
  /** The site when nothing is wrong with the file's form. */
  readonly site?: DeclaredSite;
  /** The file as written, without defaults: what `printSite` takes. Only together with `site`. */
  readonly document?: SiteDocument;
  /** With errors: the site without the wrong fields, so that the rules can report what else they find. Never to be used otherwise. */
  readonly salvaged?: DeclaredSite;
  /** Where each field stands, for the findings of later stages. */
  readonly positions: Positions;
  /** All findings in reading order, at most 100. */
  readonly diagnostics: readonly PositionedDiagnostic[];
}

/**
 * Reads a site file's text: guard, YAML, schema. All findings come at once, each with its words. Pure, and safe for any text: what
 * could hurt the YAML library is refused before (rule 8 of the reliability list).
 */
export function parseSite(text: string): ParsedSite {
  const { plain, lines, guard } = guarded(text);
  if (guard.stop) return refused(guard);
  const read = readDocument(plain, lines, guard.diagnostics);
  const known = [...guard.diagnostics, ...read.diagnostics];
  return read.malformed ? finished({ positions: read.positions }, known) : checkForm(read, lines, known);
}

/**
 * What the guard alone says: the findings of a text that must not be parsed, undefined for all others. It takes linear time and needs no
 * library, so a reader asks it before it pays for a worker. `parseSite` says the same.
 */
export function refusedUnparsed(text: string): ParsedSite | undefined {
  const { guard } = guarded(text);
  return guard.stop ? refused(guard) : undefined;
}

function guarded(text: string): { readonly plain: string; readonly lines: LineIndex; readonly guard: GuardResult } {
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text;
  const lines = lineIndex(plain.slice(0, limits.bytes + 1));
  return { plain, lines, guard: guardText(plain, lines) };
}

function refused(guard: GuardResult): ParsedSite {
  return { positions: new Map(), diagnostics: inReadingOrder(guard.diagnostics) };
}

function checkForm(read: ReadDocument, lines: LineIndex, known: readonly PositionedDiagnostic[]): ParsedSite {
  const { value, positions } = read;
  const result = siteDocument.safeParse(value);
  const issues = result.success ? [] : result.error.issues;
  const written = (path: Path): string | undefined => {
    const spans = positions.get(pathKey(path));
    return spans?.plain === true
      ? lines.line(spans.value.line).slice(spans.value.column - 1, spans.value.column - 1 + spans.value.length)
      : undefined;
  };
  const findings = issueFindings(issues, { value, written }).filter((finding) => !read.broken.has(pathKey(finding.path)));
  const all = [...known, ...positioned(findings, positions)];
  if (result.success && all.length === 0) return finished({ site: result.data, document: value as SiteDocument, positions }, all);
  const salvaged = result.success ? result.data : salvage(value, issues);
  return finished(salvaged === undefined ? { positions } : { positions, salvaged }, all);
}

function finished(parsed: Omit<ParsedSite, "diagnostics">, diagnostics: readonly PositionedDiagnostic[]): ParsedSite {
  return { ...parsed, diagnostics: inReadingOrder(diagnostics).slice(0, limits.diagnostics) };
}
