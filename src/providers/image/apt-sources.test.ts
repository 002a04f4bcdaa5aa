import { describe, expect, it } from "vitest";
import { debianSources, mirrorSources, parseDeb822Sources, parseOneLineSources, sourcesFor } from "./apt-sources.ts";

const deb822 = `# a comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://third.example/php
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/third.gpg

Enabled: no
Types: deb
URIs: http://old.example/debian
Suites: bookworm
Components: main
`;

describe("apt sources", () => {
  it("takes Debian's archives from deb822 files and leaves third parties and disabled ones out", () => {
    expect(debianSources(parseDeb822Sources(deb822))).toEqual({
      debian: ["http://mirror.example/debian"],
      security: ["http://mirror.example/debian-security"],
      signedBy: "/usr/share/keyrings/debian-archive-keyring.gpg",
    });
  });

  it("joins continued fields", () => {
    expect(parseDeb822Sources(deb822)[0]?.components).toEqual(["main", "contrib"]);
  });

  it.each([
    ["deb http://m.example/debian bookworm main # here", ["http://m.example/debian"], []],
    [
      "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.example/d trixie main contrib",
      ["http://m.example/d"],
      [],
    ],
    ["deb http://m.example/debian-security buster/updates main", [], ["http://m.example/debian-security"]],
    ["deb http://s.example/debian-security stable-security main", [], ["http://s.example/debian-security"]],
    ["deb-src http://m.example/debian bookworm main", [], []],
    ["# deb http://m.example/debian bookworm main", [], []],
    ["deb https://download.example/linux/debian bookworm stable", [], []],
    ["deb https://apt.example/pgdg bookworm-pgdg main", [], []],
    ["deb [signed-by=/etc/apt/keyrings/x.gpg] https://php.example/debian bookworm main", [], []],
    ["deb http://archive.example/ubuntu jammy main", [], []],
  ])("reads the line %s", (line, debian, security) => {
    const found = debianSources(parseOneLineSources(line));
    expect([found.debian, found.security]).toEqual([debian, security]);
  });

  it("finds the security archive beside a mirror that is set, or takes the second address", () => {
    expect(mirrorSources("https://m.example/debian/").security).toEqual(["https://m.example/debian-security"]);
    expect(mirrorSources("https://m.example/all https://m.example/sec").security).toEqual(["https://m.example/sec"]);
    expect(mirrorSources("https://m.example/all").security).toEqual([]);
  });

  it("writes the sources of another suite; bullseye without security, whose files are gone", () => {
    const sources = { debian: ["http://m.example/debian"], security: ["http://m.example/debian-security"], signedBy: "/k.gpg" };
    expect(sourcesFor("trixie", sources)).toBe(`Types: deb
URIs: http://m.example/debian
Suites: trixie
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://m.example/debian
Suites: trixie-updates
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://m.example/debian-security
Suites: trixie-security
Components: main
Signed-By: /k.gpg
`);
    expect(sourcesFor("bullseye", sources)).not.toContain("security");
  });
});
