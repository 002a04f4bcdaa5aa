import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Evidence } from "../evidence.ts";

type Web = NonNullable<NonNullable<SiteDocument["spec"]>["web"]>;
export type Location = NonNullable<Web["locations"]>[string];
export type Rewrite = NonNullable<Web["rewrites"]>[number];

/** The part of `spec.web` that a `.htaccess` can say. */
export type HtaccessWeb = Pick<Web, "locations" | "rewrites" | "deny" | "index" | "maxBodySize">;

/** Where a directive stands. */
export interface Place {
  /** The file, relative to the tree. */
  readonly file: string;
  readonly line: number;
  /** URL path of its directory below the web root: "" for the web root itself, else `/images`. */
  readonly dir: string;
}

/** What has been understood so far: filled directive by directive, in the order of the files. */
export interface WebDraft {
  readonly locations: Map<string, Location>;
  readonly rewrites: Rewrite[];
  readonly deny: Set<string>;
  readonly ini: Map<string, string>;
  index: string[] | undefined;
  maxBodyMebibytes: number | undefined;
  readonly evidence: Evidence[];
  readonly diagnostics: Diagnostic[];
}

export function emptyDraft(): WebDraft {
  return {
    locations: new Map(),
    rewrites: [],
    deny: new Set(),
    ini: new Map(),
    index: undefined,
    maxBodyMebibytes: undefined,
    evidence: [],
    diagnostics: [],
  };
}

/** Adds to what is known of a location, keeping the rest. */
export function addLocation(draft: WebDraft, place: Place, add: Location): void {
  const path = place.dir === "" ? "/" : place.dir;
  draft.locations.set(path, { ...draft.locations.get(path), ...add });
  addEvidence(
    draft,
    place,
    `spec.web.locations.${path}`,
    Object.entries(add)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join(", "),
  );
}

/** Adds patterns that are never served. */
export function addDeny(draft: WebDraft, place: Place, patterns: readonly string[]): void {
  const fresh = patterns.filter((pattern) => !draft.deny.has(pattern));
  for (const pattern of fresh) draft.deny.add(pattern);
  if (fresh.length > 0) addEvidence(draft, place, "spec.web.deny", fresh.join(" "));
}

export function addRewrite(draft: WebDraft, place: Place, rewrite: Rewrite): void {
  draft.rewrites.push(rewrite);
  addEvidence(draft, place, "spec.web.rewrites", `${rewrite.from} -> ${rewrite.to}`);
}

export function addEvidence(draft: WebDraft, place: Place, field: string, value: string): void {
  draft.evidence.push({
    field,
    value,
    because: `${place.file} says so for Apache`,
    file: place.file,
    line: place.line,
    confidence: "certain",
  });
}

/** Says that a rule of the file is lost, and what to do about it. */
export function notTranslated(draft: WebDraft, place: Place, message: string, hint: string): void {
  draft.diagnostics.push({
    code: "htaccess/not-translated",
    severity: "warning",
    message,
    path: ["spec", "web"],
    hint,
    file: place.file,
    line: place.line,
  });
}

/** Says something worth knowing that needs no action. */
export function note(draft: WebDraft, place: Place, code: `htaccess/${string}`, message: string, hint?: string): void {
  draft.diagnostics.push({
    code,
    severity: "info",
    message,
    path: ["spec", "web"],
    ...(hint === undefined ? {} : { hint }),
    file: place.file,
    line: place.line,
  });
}
