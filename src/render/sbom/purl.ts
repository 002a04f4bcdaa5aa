/** The parts of a package URL (purl): an identifier that scanners of all makes understand. */
export interface PackageUrl {
  readonly type: "deb" | "composer" | "npm" | "oci" | "generic";
  readonly namespace?: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers?: Readonly<Record<string, string>>;
}

/** Prints a package URL in its canonical form: qualifiers sorted, everything encoded but unreserved characters and colons. */
export function printPurl({ type, namespace, name, version, qualifiers = {} }: PackageUrl): string {
  const path = [...(namespace ?? "").split("/"), name].filter((part) => part !== "").map(encoded);
  const more = Object.entries(qualifiers)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encoded(value)}`);
  return `pkg:${type}/${path.join("/")}@${encoded(version)}${more.length === 0 ? "" : `?${more.join("&")}`}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":");
}
