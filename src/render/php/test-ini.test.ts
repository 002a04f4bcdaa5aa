import { expect, it } from "vitest";
import { type IniEntry, parseIni } from "./ini-tree.ts";
import { siteFixture } from "./site-fixture.ts";
import { renderTestIni } from "./test-ini.ts";

function settings(ini: Readonly<Record<string, string>>): ReadonlyMap<string, IniEntry["value"]> {
  const site = siteFixture();
  if (site.runtime === null) throw new TypeError("it has PHP");
  return new Map(
    parseIni(renderTestIni(site, { ...site.runtime, ini })).flatMap(({ entries }) => entries.map(({ key, value }) => [key, value])),
  );
}

it("lets tests see what production hides", () => {
  const ini = settings({});
  expect(ini.get("zend.assertions")).toBe(1);
  expect(ini.get("error_reporting")).toEqual({ constants: "E_ALL" });
});

it("leaves the last word to the site file, and to what keeps the container safe", () => {
  const ini = settings({ error_reporting: "E_ERROR", allow_url_include: "On" });
  expect(ini.get("error_reporting")).toEqual({ constants: "E_ERROR" });
  expect(ini.get("allow_url_include")).toBe(false);
});
