import { describe, expect, it } from "vitest";
import { type ProvenanceRequest, provenance, statementOf } from "./provenance.ts";

const request: ProvenanceRequest = {
  site: "blog",
  role: "php",
  codeDigest: `sha256:${"aa".repeat(32)}`,
  siteFile: "bb".repeat(32),
  lockFile: "cc".repeat(32),
  hooks: [["composer", "install"]],
  git: { commit: "d".repeat(40), branch: "main", dirty: true, uri: "git+https://git.example.org/blog.git" },
  base: { name: "howdah-php", digest: `sha256:${"ee".repeat(32)}` },
  packages: [
    { name: "zlib1g", version: "1:1.2", architecture: "amd64", sha256: "f".repeat(64), distro: "debian-12" },
    { name: "base-files", version: "12", architecture: "amd64", sha256: "0".repeat(64), distro: "debian-12" },
    { name: "zlib1g", version: "1:1.2", architecture: "amd64", sha256: "f".repeat(64), distro: "debian-12" },
  ],
  version: "1.2.3",
};

describe("provenance", () => {
  it("says what an image was made from, each thing once, and holds no time", () => {
    expect(provenance(request)).toEqual({
      buildDefinition: {
        buildType: "https://howdah.dev/build/v1alpha1",
        externalParameters: {
          site: "blog",
          image: "php",
          siteFile: { digest: { sha256: "bb".repeat(32) } },
          buildHooks: [["composer", "install"]],
        },
        internalParameters: { code: { digest: { sha256: "aa".repeat(32) } }, dirty: true },
        resolvedDependencies: [
          { name: "source", uri: "git+https://git.example.org/blog.git@refs/heads/main", digest: { gitCommit: "d".repeat(40) } },
          { name: "howdah.lock", digest: { sha256: "cc".repeat(32) } },
          { name: "base", uri: `pkg:oci/howdah-php@sha256:${"ee".repeat(32)}`, digest: { sha256: "ee".repeat(32) } },
          { uri: "pkg:deb/debian/base-files@12?arch=amd64&distro=debian-12", digest: { sha256: "0".repeat(64) } },
          { uri: "pkg:deb/debian/zlib1g@1:1.2?arch=amd64&distro=debian-12", digest: { sha256: "f".repeat(64) } },
        ],
      },
      runDetails: { builder: { id: "https://howdah.dev/builder/v1", version: { howdah: "1.2.3" } } },
    });
  });

  it("says nothing of a commit where there is none", () => {
    expect(JSON.stringify(provenance({ ...request, git: null }))).not.toMatch(/gitCommit|dirty/);
  });

  it("is said of an image by its digest", () => {
    expect(
      statementOf({ name: "registry.example.org/blog/php", digest: `sha256:${"ab".repeat(32)}` }, "https://slsa.dev/provenance/v1", {}),
    ).toEqual({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "registry.example.org/blog/php", digest: { sha256: "ab".repeat(32) } }],
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: {},
    });
  });
});
