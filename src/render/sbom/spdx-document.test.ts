import { describe, expect, it } from "vitest";
import type { ImageContents } from "../../kernel/image-contents.ts";
import { type BillRequest, spdxDocument } from "./spdx-document.ts";

const hex = "ab".repeat(32);
const deb = (name: string, licences: readonly string[] = []): ImageContents["packages"][number] => ({
  name,
  version: "1:2.0-1+b1",
  architecture: "amd64",
  source: { name: "src", version: "1:2.0-1" },
  homepage: null,
  licences,
});
const request: BillRequest = {
  name: "blog-php",
  tool: "howdah-1.2.3",
  base: { name: "howdah-php", digest: `sha256:${"cd".repeat(32)}` },
  contents: {
    digest: `sha256:${hex}`,
    architecture: "amd64",
    created: "2025-01-01T00:00:00Z",
    distribution: { id: "debian", version: "12" },
    packages: [deb("libstdc++6", ["GPL-3+", "odd one"]), deb("libstdc-6")],
    libraries: [],
  },
  code: {
    site: "blog",
    digest: `sha256:${"ef".repeat(32)}`,
    libraries: [
      { ecosystem: "composer", name: "a/b", version: "1.0", licences: ["MIT"], from: null, checksum: null, development: false },
      {
        ecosystem: "npm",
        name: "@s/tool",
        version: "2.0",
        licences: ["proprietary"],
        from: null,
        checksum: { algorithm: "SHA1", value: "0".repeat(40) },
        development: true,
      },
    ],
  },
};

describe("a bill of materials", () => {
  const bill = spdxDocument(request);
  const packageOf = (name: string) => bill.packages.find((one) => one.name === name);

  it("has the image's time and a namespace of its digest: the same image has the same bill", () => {
    expect(bill).toMatchObject({
      spdxVersion: "SPDX-2.3",
      documentNamespace: expect.stringMatching(new RegExp(`^https://howdah.dev/spdx/blog-php/${hex}-[0-9a-f]{16}$`)) as unknown,
      creationInfo: { created: "2025-01-01T00:00:00Z", creators: ["Tool: howdah-1.2.3"] },
    });
    expect(spdxDocument(request)).toEqual(bill);
    expect(spdxDocument({ ...request, tool: "howdah-1.2.4" }).documentNamespace).not.toBe(bill.documentNamespace);
  });

  it("names Debian's packages as scanners look for them, with the source that they were built from", () => {
    expect(packageOf("libstdc++6")).toMatchObject({
      versionInfo: "1:2.0-1+b1",
      licenseDeclared: "GPL-3.0-or-later AND LicenseRef-Debian-odd-one-1baba7ac",
      externalRefs: [{ referenceLocator: "pkg:deb/debian/libstdc%2B%2B6@1:2.0-1%2Bb1?arch=amd64&distro=debian-12&upstream=src%401:2.0-1" }],
    });
    expect(packageOf("libstdc-6")?.licenseDeclared).toBe("NOASSERTION");
    expect(bill.hasExtractedLicensingInfos).toEqual([
      expect.objectContaining({ licenseId: "LicenseRef-Debian-odd-one-1baba7ac", name: "odd one" }),
    ]);
  });

  it("gives everything an identifier of its own that SPDX allows", () => {
    const ids = bill.packages.map(({ SPDXID }) => SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
  });

  it("says how its parts belong together", () => {
    const nameOf = (id: string) => bill.packages.find(({ SPDXID }) => SPDXID === id)?.name ?? id;
    expect(
      bill.relationships.map((one) => `${nameOf(one.spdxElementId)} ${one.relationshipType} ${nameOf(one.relatedSpdxElement)}`),
    ).toEqual([
      "SPDXRef-DOCUMENT DESCRIBES blog-php",
      "blog-php DESCENDANT_OF howdah-php",
      "blog-php CONTAINS libstdc++6",
      "blog-php CONTAINS libstdc-6",
      "blog-php CONTAINS blog",
      "blog DEPENDS_ON a/b",
      "@s/tool DEV_DEPENDENCY_OF blog",
    ]);
  });
});
