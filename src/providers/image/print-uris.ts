import type { LockedPackage } from "../image-lock.ts";
import type { DebianSources } from "./apt-sources.ts";

/**
 * Reads what `apt-get --print-uris` with ForceHash=SHA256 prints: `'URI' name_version_arch.deb size SHA256:hash`.
 * The file name carries the version with `:` as `%3a`. The result has no host: only which archive, and the path below it.
 * Lines whose address belongs to no known source, or without a SHA256, come back as `odd`.
 */
export function parsePrintUris(
  text: string,
  sources: DebianSources,
): { readonly packages: readonly LockedPackage[]; readonly odd: readonly string[] } {
  const packages: LockedPackage[] = [];
  const odd: string[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("'")) continue;
    const found = parseLine(line, sources);
    if (found === undefined) odd.push(line);
    else packages.push(found);
  }
  return { packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)), odd };
}

function parseLine(line: string, sources: DebianSources): LockedPackage | undefined {
  const match = /^'([^']+)' ([a-z0-9][a-z0-9+.-]+)_([^_ ]+)_([a-z0-9]+)\.deb (\d+) SHA256:([0-9a-f]{64})$/.exec(line.trim());
  if (match === null) return undefined;
  const [, uri = "", name = "", version = "", architecture = "", size = "0", sha256 = ""] = match;
  const place = placeOf(uri, sources);
  if (place === undefined) return undefined;
  return { name, version: decodeURIComponent(version), architecture, ...place, size: Number(size), sha256 };
}

/** The archive whose address is the longest beginning of the URI. */
function placeOf(uri: string, sources: DebianSources): Pick<LockedPackage, "archive" | "path"> | undefined {
  const candidates = [
    ...sources.debian.map((base) => ({ archive: "debian" as const, base })),
    ...sources.security.map((base) => ({ archive: "security" as const, base })),
  ]
    .filter(({ base }) => uri.startsWith(`${base}/`))
    .sort((a, b) => b.base.length - a.base.length);
  const [best] = candidates;
  return best === undefined ? undefined : { archive: best.archive, path: uri.slice(best.base.length + 1) };
}
