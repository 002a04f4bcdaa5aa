import { expect, it } from "vitest";
import { nameTable } from "../../catalog/name-tables/name-tables.ts";
import { madeByChance } from "./made-by-chance.ts";

const { firstNames, lastNames, streets, legalForms } = nameTable("de");
const [first = "", last = "", street = ""] = [firstNames[7], lastNames[11], streets[3]];

it.each([
  [`${first} ${last}`, true],
  [`${first} ${last}`.toUpperCase(), true],
  [`${first.slice(2)} ${last.slice(0, -1)}`, true],
  [`${last} ${legalForms[0] ?? ""}`, true],
  [`${street} 7`, true],
  [`${street} 121`, false], // no fake has a number beyond 120
  [`${last}, ${first}`, false],
  ["Xanthippe Quaddelbrot", false],
  [`${first} Quaddelbrot`, false],
  ["kunde4711", false],
  ["anna@example.org", false],
  ["+49 30 1234567", false],
])("knows whether a fake may be %s: %s", (value, made) => {
  expect(madeByChance(value)).toBe(made);
});
