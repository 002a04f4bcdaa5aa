import { describe, expect, it } from "vitest";
import { parseCopyright, parseOsRelease, parseStatus } from "./debian-records.ts";

describe("dpkg's status", () => {
  it("tells of what is installed, with its source", () => {
    const text = [
      "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib (1:1.2.13)\nVersion: 1:1.2.13+b1\nDescription: library\n words\n .\n Version: no field",
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
      "Package: adduser\nVersion: 3.1\nArchitecture: all\nHomepage: https://example.org/",
      "Package: ../bad\nVersion: 1",
      "",
    ].join("\n\n");
    expect(parseStatus(text)).toEqual([
      { name: "zlib1g", version: "1:1.2.13+b1", architecture: "amd64", source: { name: "zlib", version: "1:1.2.13" }, homepage: null },
      {
        name: "adduser",
        version: "3.1",
        architecture: "all",
        source: { name: "adduser", version: "3.1" },
        homepage: "https://example.org/",
      },
    ]);
  });
});

describe("debian/copyright", () => {
  const format = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";

  it("names the licences of files, not those of the packaging alone, nor the paragraphs with their texts", () => {
    const files =
      "Files: *\nCopyright: somebody\nLicense: GPL-2+ and Expat\n the text\n\nFiles: lib/*\nLicense: ISC\n\nFiles: debian/*\nLicense: GPL-3\n\nLicense: Artistic\n text\n";
    expect(parseCopyright(`${format}\n${files}`)).toEqual(["GPL-2+ and Expat", "ISC"]);
    expect(parseCopyright(`${format}License: Zlib\n`)).toEqual(["Zlib"]);
  });

  it("says nothing in prose", () => {
    expect(parseCopyright("This package was debianized by somebody.\nLicense: GPL\n")).toEqual([]);
  });
});

describe("os-release", () => {
  it.each([
    ['PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n', { id: "debian", version: "12" }],
    ["ID='alpine'\n", { id: "alpine", version: "" }],
    ["NAME=x\n", null],
  ])("%j", (text, expected) => {
    expect(parseOsRelease(text)).toEqual(expected);
  });
});
