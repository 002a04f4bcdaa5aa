import type { InstalledPackage } from "../../kernel/image-contents.ts";

/** A package as dpkg's status tells of it: licences stand elsewhere. */
export type PackageRecord = Omit<InstalledPackage, "licences">;

/** The installed packages of a dpkg status file, or of one package's own file in `status.d`. What is not installed, or damaged, is left out. */
export function parseStatus(text: string): readonly PackageRecord[] {
  return paragraphs(text).flatMap((fields) => {
    const [name, version] = [fields["package"] ?? "", fields["version"] ?? ""];
    const status = fields["status"] ?? "install ok installed"; // scanners' status.d needs no status
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name) || version === "" || !status.endsWith(" installed")) return [];
    const source = /^(\S+)(?: \((\S+)\))?/.exec(fields["source"] ?? "");
    return [
      {
        name,
        version,
        architecture: fields["architecture"] ?? "all",
        source: { name: source?.[1] ?? name, version: source?.[2] ?? version },
        homepage: fields["homepage"] ?? null,
      },
    ];
  });
}

/**
 * The licences that a `debian/copyright` in the machine-readable format (1.0) names, sorted. Those of the packaging alone (`Files: debian/*`) are
 * not in the package. None for a file in prose.
 */
export function parseCopyright(text: string): readonly string[] {
  if (!/^Format(?:-Specification)?:\s*\S*(?:copyright-format|dep5|DEP5|\/dep\/)/im.test(text.slice(0, 2000))) return [];
  const names = paragraphs(text).flatMap((fields, index) => {
    const license = (fields["license"] ?? "").split("\n")[0]?.trim() ?? "";
    const isFiles = index === 0 || fields["files"] !== undefined;
    return license === "" || !isFiles || fields["files"]?.trim() === "debian/*" ? [] : [license.slice(0, 200)];
  });
  return [...new Set(names)].sort();
}

/** `ID` and `VERSION_ID` of an os-release; null without an ID. */
export function parseOsRelease(text: string): { readonly id: string; readonly version: string } | null {
  const field = (name: string): string => new RegExp(`^${name}=["']?([A-Za-z0-9._-]*)["']?\\s*$`, "m").exec(text)?.[1] ?? "";
  const id = field("ID");
  return id === "" ? null : { id, version: field("VERSION_ID") };
}

/** Debian's control format: paragraphs of fields, with names in lower case; lines that go on keep their line ends. */
function paragraphs(text: string): readonly Readonly<Record<string, string>>[] {
  return text
    .replaceAll("\r\n", "\n")
    .split(/\n[ \t]*\n/)
    .map((paragraph) => {
      const fields: Record<string, string> = {};
      let last = "";
      for (const line of paragraph.split("\n")) {
        const field = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/.exec(line);
        if (field !== null) {
          last = (field[1] ?? "").toLowerCase();
          fields[last] = field[2] ?? "";
        } else if (/^[ \t]/.test(line) && last !== "") fields[last] += `\n${line.trim()}`;
      }
      return fields;
    })
    .filter((fields) => Object.keys(fields).length > 0);
}
