/**
 * Identifiers of SPDX's licence list 3.27 that packages of PHP, JavaScript and Debian use, deprecated ones included. A licence that is not here
 * is named in words of its own, never guessed.
 */
const identifiers = (
  "0BSD AFL-2.0 AFL-2.1 AFL-3.0 AGPL-1.0-only AGPL-1.0-or-later AGPL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.0 Apache-1.1 Apache-2.0 " +
  "APSL-2.0 Artistic-1.0 Artistic-1.0-Perl Artistic-2.0 Beerware BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause " +
  "BSD-3-Clause-Clear BSD-4-Clause BSD-4-Clause-UC BSL-1.0 bzip2-1.0.6 CC0-1.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CDDL-1.0 CDDL-1.1 " +
  "CPL-1.0 curl ECL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 FSFAP FSFUL FSFULLR FTL GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only " +
  "GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later GPL-2.0 GPL-2.0+ GPL-2.0-only GPL-2.0-or-later GPL-3.0 GPL-3.0+ GPL-3.0-only GPL-3.0-or-later " +
  "HPND HPND-sell-variant ICU IJG ImageMagick ISC JSON LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1 LGPL-2.1+ LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0 " +
  "LGPL-3.0+ LGPL-3.0-only LGPL-3.0-or-later Libpng libpng-2.0 libtiff MIT MIT-0 MIT-CMU MPL-1.1 MPL-2.0 MS-PL MS-RL NCSA OFL-1.0 OFL-1.1 OLDAP-2.8 " +
  "OpenSSL OSL-3.0 PHP-3.0 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Ruby Sleepycat SMLNJ SSH-OpenSSH TCL Unicode-DFS-2016 Unicode-TOU Unlicense UPL-1.0 " +
  "Vim W3C WTFPL X11 Xnet ZPL-2.1 Zend-2.0 Zlib zlib-acknowledgement"
).split(" ");

const byLowerCase: ReadonlyMap<string, string> = new Map(identifiers.map((identifier) => [identifier.toLowerCase(), identifier]));

/** Debian's short names that are not SPDX's (copyright-format 1.0, "Short names"). */
const debianNames: Readonly<Record<string, string>> = {
  expat: "MIT",
  artistic: "Artistic-1.0-Perl",
  "bsd-2": "BSD-2-Clause",
  "bsd-3": "BSD-3-Clause",
  cc0: "CC0-1.0",
  "boost-1.0": "BSL-1.0",
  png: "Libpng",
  "php-3.1": "PHP-3.01",
};

/** SPDX's identifier as its list spells it; undefined for what is not a licence of the list. */
export function spdxIdentifier(name: string): string | undefined {
  return byLowerCase.get(name.toLowerCase());
}

/** SPDX's identifier for a short name in Debian's notation: `GPL-2+` is `GPL-2.0-or-later`, `Expat` is `MIT`. */
export function fromDebianLicence(name: string): string | undefined {
  const gnu = /^(AGPL|LGPL|GPL|GFDL)-(\d)(?:\.(\d))?(?:\.0)?(\+|-only|-or-later)?$/i.exec(name);
  if (gnu !== null) {
    const [, family = "", major = "", minor = "0", later] = gnu;
    return spdxIdentifier(`${family}-${major}.${minor}-${later === "+" || later === "-or-later" ? "or-later" : "only"}`);
  }
  return debianNames[name.toLowerCase()] ?? spdxIdentifier(name);
}
