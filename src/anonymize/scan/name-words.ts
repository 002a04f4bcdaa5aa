import { datasetLanguages } from "../../catalog/dataset-presets/dataset-rules.ts";
import { nameTable } from "../../catalog/name-tables/name-tables.ts";

/** Names of all languages in lower case, made when the first is asked for. */
let known: { readonly first: ReadonlySet<string>; readonly last: ReadonlySet<string> } | undefined;

function names(): NonNullable<typeof known> {
  if (known !== undefined) return known;
  const tables = datasetLanguages.map(nameTable);
  const lower = (list: readonly string[]): string[] => list.map((name) => name.toLowerCase());
  known = {
    first: new Set(tables.flatMap(({ firstNames }) => lower(firstNames))),
    last: new Set(tables.flatMap(({ lastNames }) => lower(lastNames))),
  };
  return known;
}

/** Whether a value is one of the first names that are known. */
export function isFirstName(value: string): boolean {
  return names().first.has(value.trim().toLowerCase());
}

/** The same of last names. */
export function isLastName(value: string): boolean {
  return names().last.has(value.trim().toLowerCase());
}

/** Two to four words in capitals, of which one is a known name: `Anna Meier`, `Meier, Anna`. */
export function isFullName(value: string): boolean {
  const words = value.trim().split(/[\s,]+/);
  if (words.length < 2 || words.length > 4 || !words.every((word) => /^\p{Lu}[\p{L}'.-]{0,30}$/u.test(word))) return false;
  return words.some((word) => isFirstName(word) || isLastName(word));
}
