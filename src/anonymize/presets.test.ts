import { describe, expect, it } from "vitest";
import { datasetPresets } from "../catalog/dataset-presets/dataset-presets.ts";
import { fixtureSchema, planOf } from "./testing/compile-fixture.ts";

describe.each(["wordpress", "mediawiki"] as const)("the preset of %s", (name) => {
  const plan = planOf({ presets: [name] }, fixtureSchema(name));

  it("knows every table and column of Debian's package", () => {
    expect(plan.unknown.map(({ suggestion }) => suggestion)).toEqual([]);
  });

  it("fits every one of them", () => {
    expect(plan.problems.map(({ message }) => message)).toEqual([]);
  });

  it("leaves no column with a telling name as it is", () => {
    const telling = /email|password|passwd|_pass$|real_name|display_name|_ip$|token$/i;
    const kept = plan.tables.flatMap((table) => table.columns.filter((column) => column.strategy === "keep" && telling.test(column.name)));
    expect(kept.map((column) => column.name).filter((column) => !/_(authenticated|expires)$/.test(column))).toEqual([]);
  });
});

it("knows WordPress' tables by another prefix, and those of further sites", () => {
  const schema = fixtureSchema("wordpress");
  const renamed = { tables: schema.tables.map((table) => ({ ...table, name: table.name.replace("wp_", "blog_7_") })) };
  expect(planOf({ presets: ["wordpress"], prefix: "blog_" }, renamed).unknown).toEqual([]);
});

it.each(Object.entries(datasetPresets))(
  "%s says of every table what becomes of it, and of every file of its mounts but its application's own",
  (_, preset) => {
    expect(Object.keys(preset.tables).length).toBeGreaterThan(5);
    for (const rule of preset.files.filter(({ action }) => action === "keep")) expect(rule.reason).toBeDefined();
  },
);
