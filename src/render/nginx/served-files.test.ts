import { describe, expect, it } from "vitest";
import { servedFiles } from "./served-files.ts";
import { exampleSite, exampleSpecs } from "./testing/example-sites.ts";

describe("served files", () => {
  it("are where the site's locations look, with what is closed, redirected or internal told apart", () => {
    const { locations, mounts } = servedFiles(exampleSite("routes"));
    expect(Object.fromEntries(locations.map(({ path, directory, serves }) => [path, `${directory} ${serves}`]))).toMatchObject({
      "/": "htdocs public",
      "/static": "assets public",
      "/admin": "admin/web public",
      "/old": "htdocs/old nothing",
      "/closed": "htdocs/closed nothing",
      "/closed/open": "htdocs/closed/open public",
    });
    expect(mounts).toEqual(["data"]);
    expect(servedFiles(exampleSite("dokuwiki")).locations.find(({ path }) => path === "/data")?.serves).toBe("all");
    expect(servedFiles(exampleSite("plain")).locations.find(({ path }) => path === "/vendor")?.serves).toBe("nothing");
  });

  it.each(Object.keys(exampleSpecs) as (keyof typeof exampleSpecs)[])(
    "of %s have expressions that JavaScript reads as nginx does",
    (name) => {
      const hidden = servedFiles(exampleSite(name)).hidden.map(({ pattern, anyCase }) => new RegExp(pattern, anyCase ? "i" : ""));
      const isHidden = (url: string): boolean => hidden.some((expression) => expression.test(url));
      const secret = ["/.env", "/a/.git/config", "/x.PHP", "/wp-config.php~", "/dump.sql.gz", "/composer.json", "/config.ini", "/a/b.inc"];
      expect(secret.filter((url) => !isHidden(url))).toEqual([]);
      expect(["/a.css", "/.well-known/security.txt", "/img/ä.png", "/robots.txt"].filter(isHidden)).toEqual([]);
    },
  );

  it("hold the site's own deny list", () => {
    const { hidden } = servedFiles(exampleSite("mediawiki"));
    const denied = (url: string): boolean => hidden.some(({ pattern, anyCase }) => new RegExp(pattern, anyCase ? "i" : "").test(url));
    expect(["/includes/a.css", "/includes2/a.css", "/sub/includes/a.css"].map(denied)).toEqual([true, false, false]);
  });
});
