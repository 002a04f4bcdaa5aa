import { describe, expect, it } from "vitest";
import { resolveSite } from "./resolve.ts";
import { siteDocument } from "./schema/site-document.ts";
import type { Site } from "./site.ts";
import { branchOf, type EnvironmentWishes, hostnameOf, nameOfEnvironment, siteOfEnvironment } from "./site-of-environment.ts";

function siteOf(spec: object, name = "shop"): Site {
  const document = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec });
  const { site, diagnostics } = resolveSite(document, { environment: "production" });
  if (site === undefined) throw new TypeError(JSON.stringify(diagnostics));
  return site;
}

const wishes: EnvironmentWishes = {
  ...{ name: "review", hostname: null, size: "small", php: null, variables: {}, password: false, idleSeconds: 1800 },
  data: { database: null, mounts: {} },
};
const SPEC = {
  runtime: { php: "8.4" },
  database: { server: "company-db", version: "10.11" },
  relationships: { ldap: { host: "ldap.example.org", port: 389 } },
  variables: { MODE: "live", DEBUG: false },
  crons: { jobs: { schedule: "@hourly", command: "php jobs.php" } },
  workers: { queue: { command: "php queue.php", replicas: 4 } },
  hostnames: ["www.example.org", "example.org"],
  scale: { replicas: 3, memory: "1Gi", max: 9 },
  environments: { variables: { DEBUG: true }, allow: ["ldap", "api.example:443"] },
};

describe("an environment's site", () => {
  it("is the site, smaller, by itself, and without what acts on others", () => {
    const site = siteOfEnvironment(siteOf(SPEC), { ...wishes, variables: { MODE: "review" } });
    expect(site).toMatchObject({
      ...{ name: "shop--review", environment: "review", hostnames: ["review.www.example.org"], crons: [] },
      database: { version: "10.11" },
      scale: { replicas: 1, memoryBytes: 256 * 1024 ** 2, idle: { afterSeconds: 1800, wakes: "people" } },
      preview: { of: "shop", allow: ["api.example:443", "ldap.example.org:389"], password: false },
    });
    expect(site.database).not.toHaveProperty("server");
    expect(site.scale).not.toHaveProperty("max");
    expect(site.workers.map(({ replicas }) => replicas)).toEqual([1]);
    expect(site.variables.filter(({ name }) => ["MODE", "DEBUG"].includes(name))).toEqual([
      { name: "DEBUG", from: "literal", value: "true" },
      { name: "MODE", from: "literal", value: "review" },
    ]);
  });

  it("keeps pages from the cache behind a password, and its crons where the site file says so", () => {
    const site = siteOfEnvironment(siteOf({ ...SPEC, environments: { crons: true } }), { ...wishes, password: true });
    expect([site.web.microcache, site.crons.length]).toEqual([null, 1]);
  });

  it("takes code and configuration from a branch, and who it is and what it may from the site that serves", () => {
    const branch = siteOf(
      {
        ...SPEC,
        ...{ runtime: { php: "8.2" }, relationships: { ldap: { host: "evil.example", port: 1 } }, hostnames: ["bank.example"] },
        environments: { allow: ["evil.example:443", "ldap"], password: true },
      },
      "other",
    );
    const site = siteOfEnvironment(branchOf(siteOf(SPEC), branch), wishes);
    expect(site.preview?.allow).toEqual(["api.example:443", "ldap.example.org:389"]);
    expect([site.name, site.hostnames, site.runtime?.php]).toEqual(["shop--review", ["review.www.example.org"], "8.2"]);
  });

  it.each([
    ["{environment}.review.example.org", "pr-1.review.example.org"],
    ["{environment}-{site}.example.org", "pr-1-shop.example.org"],
  ])("has the hostname of the pattern %s", (hostname, expected) => {
    expect(hostnameOf(siteOf({ ...SPEC, environments: { hostname } }), "pr-1")).toBe(expected);
  });

  it.each(["review.example.org", "{environment} x", "{environment}/x"])("refuses the pattern %j", (hostname) => {
    expect(() => siteOf({ environments: { hostname } })).toThrow("environment");
  });

  it.each([
    ["shop", "review", "shop--review"],
    ["shop", "pr-12", "shop--pr-12"],
    ["shop", "a--b", undefined],
    ["shop", "-a", undefined],
    ["shop", "A", undefined],
    ["a".repeat(40), "b".repeat(13), undefined],
  ])("%s and %s make the name %s", (site, environment, name) => {
    expect(nameOfEnvironment(site, environment)).toBe(name);
  });
});
