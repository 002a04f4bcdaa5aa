import { writeFileSync } from "node:fs";
import { allLocales } from "@faker-js/faker";
import { datasetLanguages } from "../src/catalog/dataset-presets/dataset-rules.ts";

/**
 * Writes the tables of names that fakes are taken from (src/catalog/name-tables/LANGUAGE.ts) out of faker's, which is needed only here.
 * Another table gives everybody another fake at the next refresh: so run it only for a new language.
 */
const MOST = 1024;

/** Every column that holds names can hold these: ISO 8859-1. Nothing that would have to be escaped anywhere. */
function table(...lists: readonly (readonly string[] | null | undefined)[]): string[] {
  const all = [...new Set(lists.flatMap((list) => list ?? []))].filter((word) =>
    /^[A-Za-z\u00c0-\u00ff][A-Za-z\u00c0-\u00ff .-]{1,29}$/.test(word),
  );
  const sorted = all.sort((a, b) => (a < b ? -1 : 1));
  const step = Math.max(1, sorted.length / MOST);
  return Array.from({ length: Math.min(MOST, sorted.length) }, (_, index) => sorted[Math.floor(index * step)] ?? "");
}

function lines(words: readonly string[]): string {
  const result: string[] = [];
  for (const word of words) {
    const last = result.at(-1);
    if (last === undefined || last.length + word.length > 125) result.push(word);
    else result[result.length - 1] = `${last}|${word}`;
  }
  return result.map((line) => `    ${JSON.stringify(line)},`).join("\n");
}

interface Names {
  readonly female?: readonly string[];
  readonly male?: readonly string[];
  readonly generic?: readonly string[];
}

/** Where faker has few streets, they are called after last names. */
function streetsOf(language: string, lastNames: readonly string[], streets: readonly string[] = []): readonly string[] {
  const ways = {
    es: ["Calle", "Avenida", "Paseo", "Plaza"],
    fr: ["Rue", "Avenue", "Boulevard", "Place"],
    it: ["Via", "Viale", "Piazza", "Corso"],
  }[language];
  if (ways === undefined) return streets;
  return ways.flatMap((way) => lastNames.map((name) => `${way} ${name}`));
}

for (const language of datasetLanguages) {
  const { person, location } = allLocales[language];
  const first = person?.first_name as Names;
  const last = person?.last_name as Names;
  const firstNames = table(first.female, first.male, first.generic);
  const lastNames = table(last.generic, last.female, last.male);
  const cities = table(location?.city_name);
  const streets = table(streetsOf(language, lastNames, location?.street_name as readonly string[] | undefined));
  const body = Object.entries({ firstNames, lastNames, cities, streets })
    .map(([name, words]) => `  ${name}: [\n${lines(words)}\n  ],`)
    .join("\n");
  writeFileSync(
    `src/catalog/name-tables/${language}.ts`,
    `import type { PackedNames } from "./name-tables.ts";\n\n/** Written by scripts/make-name-tables.ts from faker 10.6.0 (MIT). Never reorder: who has which fake depends on it. */\nexport const ${language}Names: PackedNames = {\n${body}\n};\n`,
  );
  process.stdout.write(
    `${language}: ${firstNames.length} first names, ${lastNames.length} last names, ${cities.length} cities, ${streets.length} streets\n`,
  );
}
