import { assert, oneof, property, stringMatching } from "fast-check";
import { expect, it } from "vitest";
import { databaseNameFor } from "./database-names.ts";

it.each([
  { site: "blog", environment: "production", name: "blog" },
  { site: "my-blog", environment: "production", name: "my_blog" },
  { site: "blog", environment: "stage", name: "blog__stage" },
  { site: "a-b", environment: "c", name: "a_b__c" },
  { site: "a", environment: "b-c", name: "a__b_c" },
])("$site in $environment is $name", ({ site, environment, name }) => {
  expect(databaseNameFor(site, environment)).toBe(name);
});

it.each(["mysql", "sys", "information-schema", "performance-schema", "root", "howdah"])("never gives out %s", (site) => {
  expect(databaseNameFor(site, "production")).toMatch(/___[0-9a-f]{20}$/);
});

it("gives every environment a name of its own, within the grammar", () => {
  const part = stringMatching(/^[a-z0-9][a-z0-9-]{0,39}$/);
  const seen = new Map<string, string>();
  assert(
    property(oneof(part, stringMatching(/^[ab][ab-]{0,4}$/)), oneof(part, stringMatching(/^[ab][ab-]{0,4}$/)), (site, environment) => {
      const name = databaseNameFor(site, environment);
      expect(name).toMatch(/^[a-z0-9_]{1,64}$/);
      expect(seen.get(name) ?? `${site} ${environment}`).toBe(`${site} ${environment}`);
      seen.set(name, `${site} ${environment}`);
    }),
    { numRuns: 10_000 },
  );
});

it.each(["a_b", "A", "", "a;b", "-a", "ä"])("refuses %j", (site) => {
  expect(() => databaseNameFor(site, "production")).toThrow("can't be part");
});
