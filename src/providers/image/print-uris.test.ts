import { expect, it } from "vitest";
import { parsePrintUris } from "./print-uris.ts";

const sources = { debian: ["http://m.example/debian"], security: ["http://m.example/debian-security"], signedBy: "" };
const hash = "a".repeat(64);

it("turns what apt prints into pins without a host", () => {
  const text = [
    "Reading package lists...",
    `'http://m.example/debian/pool/main/z/zlib/zlib1g_1.3.dfsg%2breally1.3.1-1+b1_amd64.deb' zlib1g_1%3a1.3.dfsg+really1.3.1-1+b1_amd64.deb 88292 SHA256:${hash}`,
    `'http://m.example/debian-security/pool/updates/main/p/php8.4/php8.4-cli_8.4.1_amd64.deb' php8.4-cli_8.4.1_amd64.deb 5 SHA256:${hash}`,
  ].join("\n");
  expect(parsePrintUris(text, sources)).toEqual({
    packages: [
      {
        name: "php8.4-cli",
        version: "8.4.1",
        architecture: "amd64",
        archive: "security",
        path: "pool/updates/main/p/php8.4/php8.4-cli_8.4.1_amd64.deb",
        size: 5,
        sha256: hash,
      },
      {
        name: "zlib1g",
        version: "1:1.3.dfsg+really1.3.1-1+b1",
        architecture: "amd64",
        archive: "debian",
        path: "pool/main/z/zlib/zlib1g_1.3.dfsg%2breally1.3.1-1+b1_amd64.deb",
        size: 88292,
        sha256: hash,
      },
    ],
    odd: [],
  });
});

it.each([
  `'http://m.example/debian/pool/a_1_amd64.deb' a_1_amd64.deb 5 `,
  `'http://m.example/debian/pool/a_1_amd64.deb' a_1_amd64.deb 5 MD5Sum:${"b".repeat(32)}`,
  `'http://other.example/pool/a_1_amd64.deb' a_1_amd64.deb 5 SHA256:${hash}`,
])("reports a line that can't be pinned: %s", (line) => {
  expect(parsePrintUris(line, sources)).toEqual({ packages: [], odd: [line] });
});
