import type { DatasetLanguage } from "../dataset-presets/dataset-rules.ts";
import { deNames } from "./de.ts";
import { enNames } from "./en.ts";
import { esNames } from "./es.ts";
import { frNames } from "./fr.ts";
import { itNames } from "./it.ts";

const lists = ["firstNames", "lastNames", "cities", "streets"] as const;

/** Names of a language as they are committed: lines with `|` between the names. */
export type PackedNames = Readonly<Record<(typeof lists)[number], readonly string[]>>;

/** The same, as lists. */
export type NameTable = Readonly<Record<(typeof lists)[number], readonly string[]>> & {
  /** First names in lower case and ASCII: what user names begin with. */
  readonly nicknames: readonly string[];
  readonly legalForms: readonly string[];
};

const packed: Readonly<Record<DatasetLanguage, PackedNames>> = { de: deNames, en: enNames, es: esNames, fr: frNames, it: itNames };

const legalForms: Readonly<Record<DatasetLanguage, readonly string[]>> = {
  de: ["GmbH", "AG", "KG", "OHG", "GmbH & Co. KG", "UG", "e. K.", "eG"],
  en: ["Ltd", "Inc", "LLC", "Group", "and Sons", "Partners", "plc", "Corp"],
  es: ["S.A.", "S.L.", "e Hijos", "y Asociados"],
  fr: ["SARL", "SA", "SAS", "et Fils"],
  it: ["S.p.A.", "S.r.l.", "e figli", "Group"],
};

/** The names that fakes of a language are made of. */
export function nameTable(language: DatasetLanguage): NameTable {
  const [firstNames = [], lastNames = [], cities = [], streets = []] = lists.map((list) =>
    packed[language][list].flatMap((line) => line.split("|")),
  );
  const nicknames = firstNames.map((name) => name.toLowerCase()).filter((name) => /^[a-z]{3,12}$/.test(name));
  return { firstNames, lastNames, cities, streets, nicknames, legalForms: legalForms[language] };
}
