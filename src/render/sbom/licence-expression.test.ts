import { describe, expect, it } from "vitest";
import { debianLicence, libraryLicence } from "./licence-expression.ts";

describe("the licences of a Debian package", () => {
  it.each([
    { names: ["Expat"], expression: "MIT" },
    { names: ["GPL-2+", "LGPL-2.1", "gfdl-1.3+"], expression: "GFDL-1.3-or-later AND GPL-2.0-or-later AND LGPL-2.1-only" },
    { names: ["GPL-1+ or Artistic, and Expat"], expression: "(Artistic-1.0-Perl OR GPL-1.0-or-later) AND MIT" },
    { names: ["Apache-2.0 or CC0-1.0"], expression: "Apache-2.0 OR CC0-1.0" },
    { names: ["BSD-3-clause and ISC", "ISC"], expression: "BSD-3-Clause AND ISC" },
    { names: ["GPL-3+ with Bison exception"], expression: "LicenseRef-Debian-GPL-3-with-Bison-exception-47d74ff7" },
    { names: ["<b>&;", "Zlib"], expression: "LicenseRef-Debian-b-fc332f7d AND Zlib" },
  ])("$names is $expression", ({ names, expression }) => {
    expect(debianLicence(names)?.expression).toBe(expression);
  });

  it("says what SPDX has no name for, in the package's own words", () => {
    expect(debianLicence(["public-domain", "Expat"])?.references).toEqual({ "LicenseRef-Debian-public-domain": "public-domain" });
  });

  it("keeps names apart that differ only in what SPDX does not allow in them", () => {
    expect(Object.values(debianLicence(["odd one", "odd-one", "odd+one"])?.references ?? {}).sort()).toEqual([
      "odd one",
      "odd+one",
      "odd-one",
    ]);
  });

  it("is unknown without names", () => {
    expect(debianLicence([])).toBeUndefined();
  });
});

describe("the licence of a library", () => {
  it.each([
    { names: ["mit"], expression: "MIT" },
    { names: ["LGPL-2.1-or-later", "MIT"], expression: "LGPL-2.1-or-later OR MIT" },
    { names: ["(MIT or Apache-2.0)"], expression: "(MIT OR Apache-2.0)" },
    { names: ["MIT AND ISC", "Zlib"], expression: "(MIT AND ISC) OR Zlib" },
    { names: ["proprietary"], expression: undefined },
    { names: ["MIT", "our own"], expression: undefined },
    { names: ["MIT OR"], expression: undefined },
    { names: ["(MIT"], expression: undefined },
    { names: ["SEE LICENSE IN x"], expression: undefined },
    { names: [], expression: undefined },
  ])("$names is $expression", ({ names, expression }) => {
    expect(libraryLicence(names)?.expression).toBe(expression);
  });
});
