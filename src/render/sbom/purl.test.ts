import { describe, expect, it } from "vitest";
import { printPurl } from "./purl.ts";

describe("a package URL", () => {
  it.each([
    [
      {
        type: "deb",
        namespace: "debian",
        name: "libstdc++6",
        version: "1:2.3-4+deb12u1~x",
        qualifiers: { distro: "debian-12", arch: "amd64", upstream: "" },
      },
      "pkg:deb/debian/libstdc%2B%2B6@1:2.3-4%2Bdeb12u1~x?arch=amd64&distro=debian-12",
    ],
    [{ type: "npm", namespace: "@babel", name: "core", version: "7.1.0" }, "pkg:npm/%40babel/core@7.1.0"],
    [
      { type: "composer", namespace: "monolog", name: "monolog", version: "dev-main#(x)" },
      "pkg:composer/monolog/monolog@dev-main%23%28x%29",
    ],
    [
      { type: "oci", name: "php", version: "sha256:ab", qualifiers: { repository_url: "docker.io/library/php" } },
      "pkg:oci/php@sha256:ab?repository_url=docker.io%2Flibrary%2Fphp",
    ],
  ] as const)("%j", (parts, expected) => {
    expect(printPurl(parts)).toBe(expected);
  });
});
