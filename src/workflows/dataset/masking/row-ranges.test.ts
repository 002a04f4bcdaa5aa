import { expect, it } from "vitest";
import type { TablePlan } from "../../../anonymize/plan.ts";
import { sql } from "../../../kernel/sql.ts";
import { rawRows } from "./rebuild-table.ts";
import { divide } from "./row-ranges.ts";

const plan: TablePlan = { name: "t", action: "rebuild", columns: [], because: "test" };

it("divides keys into ranges that leave none out, also where JavaScript's numbers end", () => {
  expect(divide("id", { least: 1n, most: 10n }, 3)).toEqual([
    { column: "id", from: 1n, to: 5n },
    { column: "id", from: 5n, to: 9n },
    { column: "id", from: 9n, to: null },
  ]);
  const [, last] = divide("id", { least: -5n, most: 18_446_744_073_709_551_615n }, 2);
  expect(rawRows(plan, last ?? null).text.trim()).toBe("FROM `raw`.`t` AS r WHERE r.`id` >= 9223372036854775806");
});

it("joins the condition of the rules and the range", () => {
  const range = { column: "id", from: -3n, to: 7n };
  const where = sql`r.a = 1 OR r.b = 2`;
  expect(rawRows({ ...plan, where }, range).text.trim()).toBe(
    "FROM `raw`.`t` AS r WHERE (r.a = 1 OR r.b = 2) AND r.`id` >= -3 AND r.`id` < 7",
  );
  expect(rawRows(plan, null).text.trim()).toBe("FROM `raw`.`t` AS r");
});
