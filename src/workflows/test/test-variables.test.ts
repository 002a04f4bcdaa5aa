import { expect, it } from "vitest";
import { parseSite } from "../../site/parse-site.ts";
import { resolveSite } from "../../site/resolve.ts";
import type { Site } from "../../site/site.ts";
import { testDatabase, testVariables } from "./test-variables.ts";

function siteOf(spec: string): Site {
  const parsed = parseSite(`apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\nspec: ${spec}\n`);
  if (parsed.site === undefined) throw new TypeError(JSON.stringify(parsed.diagnostics));
  const { site } = resolveSite(parsed.site, { environment: "test" });
  if (site === undefined) throw new TypeError("the site is wrong");
  return site;
}

const site = siteOf(
  '{runtime: {php: "8.4"}, database: {}, variables: {MAIL: {secret: smtp/password}, KEY: {generate: {bytes: 16}}, DSN: {database: url}, AT: {site: environment}}}',
);

it("maps the throw-away database as the site maps its own, under a name that production never has", () => {
  const database = testDatabase(site);
  const { environment } = testVariables(site, { url: "http://x", database, given: {} });
  expect(environment).toMatchObject({ DB_HOST: "127.0.0.1", DB_PORT: "3306", DB_NAME: "shop__test", DB_USER: "shop__test", AT: "test" });
  expect(environment["DB_PASSWORD"]).toBe(database?.password.reveal());
  expect(environment["DSN"]).toBe(`mysql://shop__test:${environment["DB_PASSWORD"] ?? ""}@127.0.0.1:3306/shop__test`);
  expect(environment["KEY"]).toMatch(/^[A-Za-z0-9]{16}$/);
});

it("never gives a secret of the site's, and names what is left out", () => {
  const without = testVariables(site, { url: "http://x", database: null, given: {} });
  expect(without.leftOut).toContain("MAIL");
  expect(without.environment).not.toHaveProperty("MAIL");
  const { environment, leftOut } = testVariables(site, {
    url: "http://x",
    database: testDatabase(site),
    given: { MAIL: "fake", AT: "mine" },
  });
  expect([environment["MAIL"], environment["AT"], leftOut]).toEqual(["fake", "mine", []]);
});
