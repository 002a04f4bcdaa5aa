import { createHash } from "node:crypto";
import type { ImageContents, InstalledPackage } from "../../kernel/image-contents.ts";
import type { Library } from "./libraries.ts";
import { debianLicence, type LicenceExpression, libraryLicence } from "./licence-expression.ts";
import { printPurl } from "./purl.ts";
import type { SpdxDocument, SpdxPackage, SpdxRelationship } from "./spdx.ts";

/** What a bill of materials is about: one image of a site, or a base image. */
export interface BillRequest {
  /** The image's name for people: `blog-php`. */
  readonly name: string;
  readonly contents: ImageContents;
  /** The image that it stands on. */
  readonly base?: { readonly name: string; readonly digest: string; readonly repository?: string };
  /** The site's own code, with the libraries that it needs in this image. */
  readonly code?: { readonly site: string; readonly digest: string; readonly libraries: readonly Library[] };
  /** `howdah-1.2.3`. */
  readonly tool: string;
}

/**
 * An SPDX 2.3 document. The same request gives the same document: its time is the image's, its namespace the image's digest with a hash of what
 * the document says.
 */
export function spdxDocument(request: BillRequest): SpdxDocument {
  const { name, contents, base, code, tool } = request;
  const hex = contents.digest.replace(/^sha256:/, "");
  const debian = contents.packages.map((one) => debianPackage(one, contents));
  const libraries = (code?.libraries ?? []).map((library) => ({ library, found: libraryPackage(library) }));
  const image = imagePackage("SPDXRef-Image", { name, digest: contents.digest, architecture: contents.architecture });
  const below = base === undefined ? [] : [imagePackage("SPDXRef-Base", { ...base, architecture: contents.architecture })];
  const own = code === undefined ? [] : [codePackage(code)];
  const relationships: SpdxRelationship[] = [
    relation("SPDXRef-DOCUMENT", "DESCRIBES", image.SPDXID),
    ...below.map(({ SPDXID }) => relation(image.SPDXID, "DESCENDANT_OF", SPDXID)),
    ...debian.map(({ spdx }) => relation(image.SPDXID, "CONTAINS", spdx.SPDXID)),
    ...own.map(({ SPDXID }) => relation(image.SPDXID, "CONTAINS", SPDXID)),
    ...libraries.map(({ library, found }) =>
      library.development
        ? relation(found.spdx.SPDXID, "DEV_DEPENDENCY_OF", "SPDXRef-Code")
        : relation("SPDXRef-Code", "DEPENDS_ON", found.spdx.SPDXID),
    ),
  ];
  const references = Object.assign(
    {},
    ...[...debian, ...libraries.map(({ found }) => found)].map(({ licence }) => licence?.references ?? {}),
  ) as Record<string, string>;
  const said = {
    creationInfo: { created: contents.created, creators: [`Tool: ${tool}`] },
    packages: [image, ...below, ...own, ...debian.map(({ spdx }) => spdx), ...libraries.map(({ found }) => found.spdx)],
    relationships,
    ...(Object.keys(references).length === 0 ? {} : { hasExtractedLicensingInfos: extracted(references) }),
  };
  // another document about the same image (of another version of Howdah, with another list of libraries) must have another namespace
  const hash = createHash("sha256").update(JSON.stringify(said)).digest("hex").slice(0, 16);
  const documentNamespace = `https://howdah.dev/spdx/${name}/${hex}-${hash}`;
  return { spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", name, documentNamespace, ...said };
}

interface Described {
  readonly spdx: SpdxPackage;
  readonly licence: LicenceExpression | undefined;
}

const UNKNOWN = "NOASSERTION";

/** What all packages say. Nobody has looked at their files: licences are what their authors declare. */
function described(fields: Pick<SpdxPackage, "SPDXID" | "name" | "versionInfo"> & Partial<SpdxPackage>): SpdxPackage {
  return {
    supplier: UNKNOWN,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: UNKNOWN,
    copyrightText: UNKNOWN,
    ...fields,
  };
}

function debianPackage(one: InstalledPackage, { distribution }: ImageContents): Described {
  const { name, version, architecture, source, homepage } = one;
  const upstream = source.name === name && source.version === version ? "" : `${source.name}@${source.version}`;
  const distro = distribution === null ? "" : `${distribution.id}-${distribution.version}`;
  const namespace = distribution?.id ?? "debian";
  const purl = printPurl({ type: "deb", namespace, name, version, qualifiers: { arch: architecture, distro, upstream } });
  const licence = debianLicence(one.licences);
  const spdx = described({
    SPDXID: idOf("Deb", name, purl),
    name,
    versionInfo: version,
    ...(homepage === null ? {} : { homepage }),
    licenseDeclared: licence?.expression ?? UNKNOWN,
    sourceInfo: `built from Debian's source package ${source.name} ${source.version}`,
    externalRefs: [purlReference(purl)],
  });
  return { spdx, licence };
}

function libraryPackage(library: Library): Described {
  const { ecosystem, name, version, from, checksum } = library;
  const slash = name.lastIndexOf("/");
  const namespace = slash === -1 ? {} : { namespace: name.slice(0, slash) };
  const purl = printPurl({ type: ecosystem, ...namespace, name: name.slice(slash + 1), version });
  const licence = libraryLicence(library.licences);
  const spdx = described({
    SPDXID: idOf(ecosystem === "npm" ? "Npm" : "Composer", name, purl),
    name,
    versionInfo: version,
    downloadLocation: from ?? UNKNOWN,
    ...(checksum === null ? {} : { checksums: [{ algorithm: checksum.algorithm, checksumValue: checksum.value }] }),
    licenseDeclared: licence?.expression ?? UNKNOWN,
    externalRefs: [purlReference(purl)],
  });
  return { spdx, licence };
}

function imagePackage(SPDXID: string, image: NonNullable<BillRequest["base"]> & { readonly architecture: string }): SpdxPackage {
  const { name, digest, architecture, repository = "" } = image;
  return described({
    SPDXID,
    name,
    versionInfo: digest,
    checksums: [{ algorithm: "SHA256", checksumValue: digest.replace(/^sha256:/, "") }],
    primaryPackagePurpose: "CONTAINER",
    externalRefs: [
      purlReference(printPurl({ type: "oci", name, version: digest, qualifiers: { arch: architecture, repository_url: repository } })),
    ],
  });
}

function codePackage({ site, digest }: { readonly site: string; readonly digest: string }): SpdxPackage {
  return described({
    SPDXID: "SPDXRef-Code",
    name: site,
    versionInfo: digest,
    primaryPackagePurpose: "APPLICATION",
    externalRefs: [purlReference(printPurl({ type: "generic", name: site, version: digest }))],
  });
}

function purlReference(referenceLocator: string): NonNullable<SpdxPackage["externalRefs"]>[number] {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator };
}

function relation(
  spdxElementId: string,
  relationshipType: SpdxRelationship["relationshipType"],
  relatedSpdxElement: string,
): SpdxRelationship {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** SPDX allows letters, digits, dots and hyphens; the hash keeps apart what looks alike without the others (`libstdc++6`). */
function idOf(kind: string, name: string, purl: string): string {
  const hash = createHash("sha256").update(purl).digest("hex").slice(0, 8);
  return `SPDXRef-${kind}-${name.replaceAll(/[^A-Za-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "")}-${hash}`;
}

function extracted(references: Readonly<Record<string, string>>): NonNullable<SpdxDocument["hasExtractedLicensingInfos"]> {
  return Object.entries(references)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([licenseId, name]) => ({
      licenseId,
      name,
      extractedText: `The terms that the Debian packages' own copyright files (usr/share/doc/PACKAGE/copyright in the image) call "${name}".`,
    }));
}
