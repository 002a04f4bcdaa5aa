import { fakes, type MaskRule } from "../../catalog/dataset-presets/dataset-rules.ts";
import { type Sql, sql, text } from "../../kernel/sql.ts";
import { commas, recipeSql } from "../masks/recipe-sql.ts";
import { fakeRecipe, hashRecipe } from "../masks/recipes.ts";
import { type ArmPlace, rawText, sameName } from "./place.ts";

/** A template as an expression, or what is wrong with it. */
export function templateSql(rule: MaskRule, place: ArmPlace, seed: Sql): Sql | string {
  const pieces: Sql[] = [];
  for (const [index, piece] of (rule.template ?? "").split(/\{([^{}]{1,64})\}/).entries()) {
    const made = index % 2 === 0 ? text(piece) : placeholder(piece, rule, place, seed);
    if (typeof made === "string") return made;
    pieces.push(made);
  }
  return sql`CONCAT(${commas(pieces)})`;
}

function placeholder(name: string, rule: MaskRule, place: ArmPlace, seed: Sql): Sql | string {
  const hash = /^hash(?::([1-9][0-9]?))?$/.exec(name);
  if (hash !== null) return recipeSql(hashRecipe(Math.min(64, Number(hash[1] ?? 12))), seed, seed);
  const fake = fakes.find((one) => one === name);
  if (fake !== undefined) return recipeSql(fakeRecipe(fake, rule.language ?? place.language), seed, seed);
  const column = place.table.columns.find((one) => sameName(one.name, name));
  if (column === undefined) return `\`{${name}}\` is neither a fake nor a column`;
  return place.isKept(column.name)
    ? sql`IFNULL(${rawText(column.name)}, '')`
    : `\`{${name}}\` would bring a value that is masked elsewhere`;
}
