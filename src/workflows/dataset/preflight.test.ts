import { expect, it } from "vitest";
import { column, table } from "../../anonymize/testing/table.ts";
import { parseSite } from "../../site/parse-site.ts";
import { resolveSite } from "../../site/resolve.ts";
import { checkPlan } from "./preflight.ts";

it("says in one sentence what the first wrong rule is, since a schedule remembers nothing else", () => {
  const spec = "{database: {}, dataset: {tables: {users: {columns: {id: keep}}, gone: keep, lost: keep}}}";
  const parsed = parseSite(`apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\nspec: ${spec}\n`);
  const { site } = parsed.site === undefined ? { site: undefined } : resolveSite(parsed.site, { environment: "production" });
  if (site === undefined) throw new TypeError("the site is wrong");
  expect(() => checkPlan(site, { tables: [table("users", [column("id", "int")])] })).toThrow(
    expect.objectContaining({
      code: "dataset/rules",
      message: "The rules for the dataset of shop can't be followed: the database has no table `gone` and 1 more",
      output: [],
    }),
  );
});
