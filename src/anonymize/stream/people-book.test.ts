import { expect, it } from "vitest";
import { planOf } from "../testing/compile-fixture.ts";
import { column, table } from "../testing/table.ts";
import { peopleBook, peopleQueries } from "./people-book.ts";

const book = peopleBook([
  { raw: "Anna Meier-Ünal", masked: "Greta Wolf" },
  { raw: "Anna", masked: "Eva" },
  { raw: "Meier Anna", masked: "Wolf Greta" },
  { raw: "meier1982", masked: "greta-0123" },
  { raw: "Hauptstraße 12", masked: "Nebenweg 3" },
  { raw: "admin", masked: "x" },
  { raw: "017012345678", masked: "+49 30 23125 001" },
]);

it.each([
  ["Thanks to Anna Meier-Ünal, and ANNA  MEIER-ÜNAL!", "Thanks to Greta Wolf, and Greta Wolf!"],
  ["Meier, Anna (meier1982)", "Wolf Greta (greta-0123)"],
  ["In der Hauptstraße 12, not 120 or Hauptstraße 123", "In der Nebenweg 3, not 120 or Hauptstraße 123"],
  ["admin Anna knows Annabell Meier", "admin Anna knows Annabell Meier"],
  ["call 017012345678.", "call +49 30 23125 001."],
  ["", ""],
])("%s", (text, expected) => {
  expect(book(text)).toBe(expected);
});

it("asks for whole names, and for first and last ones together", () => {
  const people = table("people", [
    column("id", "int(11)"),
    column("first", "varchar(40)"),
    column("last", "varchar(40)"),
    column("login", "varchar(40)"),
    column("mail", "varchar(80)"),
  ]);
  const plan = planOf(
    { tables: { people: { columns: { id: "keep", first: "first-name", last: "last-name", login: "user-name", mail: "email" } } } },
    { tables: [people] },
  );
  const queries = peopleQueries(plan).map(({ text }) => text);
  expect(queries).toHaveLength(3);
  expect(queries[1]).toContain("CONCAT_WS(' ', CONVERT(r.`first` USING utf8mb4), CONVERT(r.`last` USING utf8mb4)) AS raw");
});
