import { expect, it } from "vitest";
import { sql } from "../../kernel/sql.ts";
import type { ColumnPlan, MaskPlan } from "../plan.ts";
import { canarySet } from "./canary-set.ts";
import { canarySamples, chooseCanaries } from "./choose-canaries.ts";
import { personalHunt } from "./find-personal.ts";

it("says what was found, in how many values and in what form, never which", () => {
  const hunt = personalHunt(canarySet(["Zebulon Querfurth"]));
  for (const value of [
    "anna@example.org",
    null,
    "x",
    Buffer.from("b@example.com, c@example.com"),
    '{"t":"030\\/9018205"}',
    "Dear zebulon querfurth",
  ])
    hunt.look(value);
  hunt.look(Buffer.from("written by anna@example.org, in base64").toString("base64"));
  expect(hunt.found()).toEqual([
    { kind: "email", count: 3, example: "aaaa@aaaaaaa.aaa" },
    { kind: "phone", count: 1, example: "000/0000000" },
    { kind: "canary", count: 1, example: "aaaa aaaaaaa aaaaaaaaa" },
  ]);
});

it("looks at the end of long values", () => {
  const hunt = personalHunt();
  hunt.look(`${"lorem ipsum ".repeat(200_000)}anna@example.org`);
  expect(hunt.found()).toHaveLength(1);
});

it("chooses values that nobody else has, from all columns in turn", () => {
  const chosen = chooseCanaries(
    [
      { strategy: "email", values: ["anna@example.org", "no address", "jo@example.com"] },
      { strategy: "user-name", values: ["admin", "anna.meier", "editor", "meier1982"] },
      { strategy: "text", values: ["mail me: carl@example.net, please", "nothing"] },
      { strategy: "full-name", values: ["Anna Fuchs", "Anna Quaddelbrot", "Anna"] },
    ],
    6,
  );
  expect(chosen).toEqual(["anna@example.org", "anna.meier", "carl@example.net", "jo@example.com", "meier1982", "Anna Quaddelbrot"]);
});

it("chooses values that lie in structures as in texts", () => {
  const values = ['{"mail":"anna@example.org","x":1}', 'a:1:{s:1:"m";s:16:"carl@example.net";}', '{"some":"words here"}'];
  for (const strategy of ["json", "serialized"])
    expect(chooseCanaries([{ strategy, values }], 9)).toEqual(["anna@example.org", "carl@example.net"]);
});

it("asks for values of columns of structures", () => {
  const column = (strategy: string): ColumnPlan => ({ name: strategy, strategy, expression: sql`x`, text: true });
  const table = { name: "t", action: "rebuild", columns: ["keep", "json", "serialized"].map(column), because: "site" } as const;
  const plan: MaskPlan = { tables: [table], files: [], unknown: [], problems: [], kept: [] };
  expect(canarySamples(plan, new Map(), 10).map(({ column: name }) => name)).toEqual(["json", "serialized"]);
});
