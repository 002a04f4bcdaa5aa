import type { DatasetLanguage, Fake } from "../../catalog/dataset-presets/dataset-rules.ts";
import { type NameTable, nameTable } from "../../catalog/name-tables/name-tables.ts";
import { unreachable } from "../../kernel/unreachable.ts";

/**
 * A piece of a fake. Recipes are data, so that SQL and TypeScript make the same of them: `recipe-sql.ts` and `recipe-text.ts` read them.
 * `domain` separates digests: who knows one fake of a person learns nothing of another. `at` is where in the digest's hexadecimal digits.
 */
export type Part =
  | { readonly part: "literal"; readonly text: string }
  | { readonly part: "pick"; readonly domain: string; readonly at: number; readonly list: readonly string[] }
  /** `from` + digest % `count`, which never has more than `width` digits, with zeros in front; a width of 1: without. */
  | {
      readonly part: "number";
      readonly domain: string;
      readonly at: number;
      readonly from: number;
      readonly count: number;
      readonly width: number;
    }
  | { readonly part: "hex"; readonly domain: string; readonly at: number; readonly length: number }
  /** 10.x.y.z, or fd00::xxxx:xxxx in the place of what has a colon. */
  | { readonly part: "ip"; readonly domain: string }
  /** A German IBAN with a right checksum of a bank that can't be: bank codes never begin with 0. */
  | { readonly part: "iban"; readonly domain: string };

/** The domain that mail is sent to: no name below `.invalid` ever resolves (RFC 6761). */
export const SINK = "@example.invalid";

/** How many hexadecimal digits an address gets where its column has room. */
export const EMAIL_DIGITS = 20;

/** An address that nobody has. */
export function emailRecipe(digits: number): readonly Part[] {
  return [literal("u"), { part: "hex", domain: "email", at: 0, length: digits }, literal(SINK)];
}

/** Digits of a keyed hash. */
export function hashRecipe(length: number): readonly Part[] {
  return [{ part: "hex", domain: "hash", at: 0, length }];
}

/** What a fake is made of. */
export function fakeRecipe(fake: Fake, language: DatasetLanguage): readonly Part[] {
  const names = nameTable(language);
  switch (fake) {
    case "first-name":
      return [pick("first-name", names.firstNames)];
    case "last-name":
      return [pick("last-name", names.lastNames)];
    case "full-name":
      return [pick("first-name", names.firstNames), literal(" "), pick("last-name", names.lastNames)];
    case "user-name":
      return [pick("first-name", names.nicknames), literal("-"), { part: "hex", domain: "user-name", at: 0, length: 10 }];
    case "company":
      return [pick("company", names.lastNames), literal(" "), { part: "pick", domain: "company", at: 8, list: names.legalForms }];
    case "street":
      return street(names, language);
    case "city":
      return [pick("city", names.cities)];
    case "postcode":
      return [{ part: "number", domain: "city", at: 8, from: 10_000, count: 89_999, width: 5 }];
    case "phone":
      return phone(language);
    case "ip":
      return [{ part: "ip", domain: "ip" }];
    case "iban":
      return [{ part: "iban", domain: "iban" }];
    case "sentence":
      return [
        { part: "pick", domain: "sentence", at: 0, list: OPENINGS },
        literal(" "),
        { part: "pick", domain: "sentence", at: 8, list: ENDINGS },
      ];
    default:
      return unreachable(fake);
  }
}

function literal(text: string): Part {
  return { part: "literal", text };
}

function pick(domain: string, list: readonly string[]): Part {
  return { part: "pick", domain, at: 0, list };
}

/** The number stands behind the street, in front of it in English and French. */
function street(names: NameTable, language: DatasetLanguage): readonly Part[] {
  const number: Part = { part: "number", domain: "street", at: 8, from: 1, count: 120, width: 1 };
  const way = pick("street", names.streets);
  return language === "en" || language === "fr" ? [number, literal(" "), way] : [way, literal(" "), number];
}

/** Numbers that authorities keep free for films: of the Bundesnetzagentur, of Arcep, else 555-01xx of North America. */
function phone(language: DatasetLanguage): readonly Part[] {
  const digits = (width: number): Part => ({ part: "number", domain: "phone", at: 8, from: 0, count: 10 ** width, width });
  if (language === "de")
    return [pick("phone", ["+49 30 23125", "+49 40 66969", "+49 69 90009", "+49 89 99998", "+49 221 4710"]), digits(3)];
  if (language === "fr") return [pick("phone", ["+33 199 00", "+33 261 91", "+33 353 01", "+33 465 71", "+33 536 49"]), digits(4)];
  const areas: Part = { part: "number", domain: "phone", at: 0, from: 201, count: 700, width: 3 };
  return [literal("+1 "), areas, literal("-555-01"), digits(2)];
}

const OPENINGS = [
  "Lorem ipsum dolor sit amet,",
  "Consectetur adipiscing elit,",
  "Sed do eiusmod tempor,",
  "Ut enim ad minim veniam,",
  "Quis nostrud exercitation,",
  "Duis aute irure dolor,",
  "Excepteur sint occaecat,",
  "Nemo enim ipsam voluptatem,",
];
const ENDINGS = [
  "incididunt ut labore et dolore.",
  "ullamco laboris nisi ut aliquip.",
  "in reprehenderit in voluptate.",
  "velit esse cillum dolore.",
  "sunt in culpa qui officia.",
  "deserunt mollit anim id est.",
  "quia voluptas sit aspernatur.",
  "neque porro quisquam est.",
];
