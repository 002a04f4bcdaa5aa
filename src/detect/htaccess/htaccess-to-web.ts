import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { Evidence } from "../evidence.ts";
import { activeDirectives } from "./active-directives.ts";
import { parseApache } from "./parse-apache.ts";
import { accessDirectives, translateAccess } from "./translate-access.ts";
import { headerDirectives, translateExpires, translateHeader } from "./translate-headers.ts";
import { translateOther } from "./translate-others.ts";
import { phpDirectives, translatePhp } from "./translate-php.ts";
import { rewriteDirectives, translateRewrites } from "./translate-rewrites.ts";
import { emptyDraft, type HtaccessWeb, type Place, type WebDraft } from "./web-draft.ts";

/** What the `.htaccess` files of a tree come to, in the site file's words. */
export interface HtaccessResult {
  readonly web: HtaccessWeb;
  /** For `spec.runtime.ini`; `memory_limit` may be among them (the site file has `runtime.memoryLimit` for it). */
  readonly ini: Readonly<Record<string, string>>;
  readonly evidence: readonly Evidence[];
  /** `htaccess/not-translated` (a rule is lost; what to do), `htaccess/invalid`, and notes. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the `.htaccess` files of a tree and says in the site file's words what they say to Apache. `files` have paths relative to the tree,
 * `webRoot` is `.` or a directory of it; files outside the web root are left alone but for a rule that moves the web root.
 * What can't be said becomes a diagnostic with file, line and what to do; nothing is translated to less protection than Apache gave.
 */
export function htaccessToWeb(files: readonly { readonly path: string; readonly text: string }[], webRoot: string): HtaccessResult {
  const draft = emptyDraft();
  for (const { path, text } of [...files].sort((a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : 1))) {
    const dir = urlDirectory(path, webRoot);
    if (dir !== undefined) translateFile({ path, text, dir }, draft);
  }
  return finish(draft);
}

function depth(path: string): number {
  return path.split("/").length;
}

/** URL path of the directory that a file is in; undefined outside the web root. */
function urlDirectory(path: string, webRoot: string): string | undefined {
  const directory = path.split("/").slice(0, -1).join("/");
  const root = webRoot.replace(/^\.?\/?/, "").replace(/\/$/, "");
  if (root === "") return directory === "" ? "" : `/${directory}`;
  if (directory === root) return "";
  return directory.startsWith(`${root}/`) ? directory.slice(root.length) : undefined;
}

function translateFile(file: { readonly path: string; readonly text: string; readonly dir: string }, draft: WebDraft): void {
  const { nodes, problems } = parseApache(file.text);
  for (const { line, message } of problems) {
    draft.diagnostics.push({ code: "htaccess/invalid", severity: "warning", message, path: ["spec", "web"], file: file.path, line });
  }
  const active = activeDirectives(nodes, { file: file.path, dir: file.dir, files: undefined }, draft);
  const named = (names: ReadonlySet<string>) => active.filter(({ directive }) => names.has(directive.name));
  translateAccess(named(accessDirectives), draft);
  translateRewrites(named(rewriteDirectives), draft);
  translateExpires(named(headerDirectives), draft);
  for (const { directive, place, files } of active) {
    const one = { directive, place: place satisfies Place, files };
    if (accessDirectives.has(directive.name) || rewriteDirectives.has(directive.name)) continue;
    if (directive.name === "header") translateHeader(one, draft);
    else if (phpDirectives.has(directive.name)) translatePhp(one, draft);
    else if (!headerDirectives.has(directive.name)) translateOther(one, draft);
  }
}

function finish(draft: WebDraft): HtaccessResult {
  const locations = [...draft.locations].filter(([path, location]) => path !== "/" || Object.keys(location).length > 0);
  return {
    web: {
      ...(locations.length === 0 ? {} : { locations: Object.fromEntries(locations) }),
      ...(draft.rewrites.length === 0 ? {} : { rewrites: draft.rewrites }),
      ...(draft.deny.size === 0 ? {} : { deny: [...draft.deny].sort() }),
      ...(draft.index === undefined ? {} : { index: draft.index }),
      ...(draft.maxBodyMebibytes === undefined ? {} : { maxBodySize: `${draft.maxBodyMebibytes}Mi` }),
    },
    ini: Object.fromEntries(draft.ini),
    evidence: draft.evidence,
    diagnostics: draft.diagnostics,
  };
}
