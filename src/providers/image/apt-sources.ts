import type { Suite } from "../../catalog/debian-suites.ts";
import { suites } from "../../catalog/debian-suites.ts";

/** One source of packages as the host's apt configuration has it. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Key file names or an inline key; empty when the host's trusted keys apply. */
  readonly signedBy: string;
}

/** Where Debian's packages are fetched: addresses without a slash at the end. */
export interface DebianSources {
  readonly debian: readonly string[];
  readonly security: readonly string[];
  readonly signedBy: string;
}

/** Reads the one-line format (`deb [options] URI suite component…`). Lines of other types and broken ones are left out. */
export function parseOneLineSources(text: string): readonly AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.replace(/#.*$/, ""));
    if (match === null) return [];
    const [, options = "", uri = "", suite = "", components = ""] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1] ?? "";
    return [{ uris: [uri], suites: [suite], components: words(components), signedBy }];
  });
}

/** Reads the deb822 format (`.sources`): stanzas of fields, continued on indented lines. Disabled stanzas are left out. */
export function parseDeb822Sources(text: string): readonly AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    if (!words(fields.get("types") ?? "").includes("deb") || /^(no|false|0|off|disable)$/i.test(fields.get("enabled") ?? "yes")) return [];
    return [
      {
        uris: words(fields.get("uris") ?? ""),
        suites: words(fields.get("suites") ?? ""),
        components: words(fields.get("components") ?? ""),
        signedBy: fields.get("signed-by") ?? "",
      },
    ];
  });
}

function stanzaFields(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let last = "";
  for (const line of stanza.split("\n")) {
    if (line.startsWith("#")) continue;
    const field = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
    if (field !== null) {
      last = (field[1] ?? "").toLowerCase();
      fields.set(last, (field[2] ?? "").trim());
    } else if (/^\s+\S/.test(line) && last !== "") fields.set(last, `${fields.get(last)}\n${line.trimEnd()}`.trim());
  }
  return fields;
}

const codenames = new Set([...Object.keys(suites), "buster", "forky", "sid", "stable", "oldstable", "oldoldstable", "testing", "unstable"]);

/**
 * The addresses of Debian's own archives among a host's sources. Third parties use the same suite names, so a source counts only when it has
 * the component `main` and is signed by Debian's keys, or names no key and its address ends in `debian` or `debian-security`.
 */
export function debianSources(sources: readonly AptSource[]): DebianSources {
  const debian = new Set<string>();
  const security = new Set<string>();
  let signedBy = "";
  for (const source of sources) {
    if (!source.components.includes("main") || !isDebians(source)) continue;
    for (const suite of source.suites) {
      const kind = suiteKind(suite);
      if (kind === undefined) continue;
      for (const uri of source.uris) (kind === "security" ? security : debian).add(uri.replace(/\/+$/, ""));
      if (signedBy === "") signedBy = source.signedBy;
    }
  }
  return { debian: [...debian], security: [...security], signedBy };
}

/**
 * The sources of a setting: the address of a Debian mirror. Its security archive is beside it, as mirrors have it (`…/debian` and
 * `…/debian-security`); a mirror of another shape names both, separated by a space, or goes without security updates.
 */
export function mirrorSources(setting: string): DebianSources {
  const [main = "", second] = words(setting).map((uri) => uri.replace(/\/+$/, ""));
  const beside = main.endsWith("/debian") ? [`${main}-security`] : [];
  return { debian: [main], security: second === undefined ? beside : [second], signedBy: "" };
}

function isDebians(source: AptSource): boolean {
  if (source.signedBy !== "") return /debian-archive/.test(source.signedBy) || source.signedBy.includes("BEGIN PGP");
  return source.uris.every((uri) => /\/debian(-security)?(\.list)?\/?$/.test(uri));
}

function suiteKind(suite: string): "debian" | "security" | undefined {
  const plain = suite.replace(/\/+$/, "");
  const security = /^(.+?)(?:-security|\/updates)$/.exec(plain);
  if (security !== null) return codenames.has(security[1] ?? "") ? "security" : undefined;
  return codenames.has(plain.replace(/-updates$/, "")) ? "debian" : undefined;
}

/** The sources.list of one suite, deb822, for apt's private directory. */
export function sourcesFor(suite: Suite, sources: DebianSources): string {
  const stanza = (uris: readonly string[], name: string): string =>
    [
      "Types: deb",
      `URIs: ${uris.join(" ")}`,
      `Suites: ${name}`,
      "Components: main",
      ...(sources.signedBy === "" ? [] : [`Signed-By: ${sources.signedBy}`]),
    ].join("\n");
  const stanzas = suites[suite].archives.flatMap((archive): string[] => {
    if (archive === "security") {
      return sources.security.length === 0 ? [] : [stanza(sources.security, `${suite}-security`)];
    }
    return [stanza(sources.debian, archive === "main" ? suite : `${suite}-updates`)];
  });
  return `${stanzas.join("\n\n")}\n`;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
