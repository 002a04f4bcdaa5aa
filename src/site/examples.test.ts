import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkSite } from "./check-site.ts";
import { parseSite } from "./parse-site.ts";
import { printSite } from "./print-site.ts";
import { showSite } from "./show.ts";

const folder = new URL("../../examples/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

describe("examples", () => {
  it("are there", () => {
    expect(names).toEqual(
      expect.arrayContaining(["minimal.yaml", "wordpress.yaml", "mediawiki.yaml", "dokuwiki.yaml", "static.yaml", "laravel.yaml"]),
    );
  });

  it.each(names)("%s is right", (name) => {
    const { site, diagnostics } = checkSite(parseSite(readFileSync(new URL(name, folder), "utf8")), { environment: "production" });
    expect(diagnostics).toEqual([]);
    expect(site?.stage).toBe("resolved");
  });

  it.each(names)("%s is printed and shown as data that reads back", (name) => {
    const parsed = parseSite(readFileSync(new URL(name, folder), "utf8"));
    const { site } = checkSite(parsed, { environment: "production" });
    if (parsed.document === undefined || site === undefined) throw new Error("not right");
    expect(parseSite(printSite(parsed.document)).document).toEqual(parsed.document);
    expect(JSON.parse(showSite(site, "json"))).toEqual(JSON.parse(JSON.stringify(site)));
    expect(showSite(site, "yaml")).toContain("stage: resolved");
  });

  it("minimal.yaml has eight lines", () => {
    expect(readFileSync(new URL("minimal.yaml", folder), "utf8").trimEnd().split("\n")).toHaveLength(8);
  });
});
