import type { Personal } from "./find-personal-text.ts";

/** With a country: `+49 (0)30 901820`, `0049-30-901820`. */
const INTERNATIONAL = /(?<![0-9A-Za-z+.])(?:\+ ?|00[ (/-]?(?=[1-9][0-9]{0,2}[ ()/.-]))[1-9](?:[ ()/.-]{0,3}[0-9]){6,14}(?![0-9])/g;
/** With an area code and something behind it: `030/901820`, `(0171) 3920000`. */
const NATIONAL = /(?<![0-9A-Za-z.,+/:_-])\(?0[1-9][0-9]{1,4}\)?(?: ?[/-] ?| )[1-9][0-9]{1,8}(?:[ -]?[0-9]{2,4}){0,3}(?![0-9A-Za-z_])/g;
/** Of North America: `(212) 736-5000`. */
const AMERICAN = /(?<![0-9A-Za-z.,+/:_-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}(?![0-9A-Za-z_])/g;
/** Everything that is there: `03090182012`. */
const ALONE = /^0[1-9][0-9]{8,9}$/;

/** What masks write: numbers that are kept free for films. */
const FREE =
  /^(?:\+49(?:3023125|4066969|6990009|8999998|2214710)[0-9]{3}|\+33(?:19900|26191|35301|46571|53649)[0-9]{4}|(?:\+?1)?[2-9][0-9]{2}55501[0-9]{2})$/;

/** Telephone numbers that are written as such: bare digits are ids, sums and times far more often. */
export function findPhones(text: string): readonly Personal[] {
  if (ALONE.test(text)) return [{ kind: "phone", start: 0, end: text.length }];
  const plus = text.includes("+") || text.includes("00") ? Array.from(text.matchAll(INTERNATIONAL)) : [];
  return [...plus, ...text.matchAll(NATIONAL), ...text.matchAll(AMERICAN)].flatMap((match) => {
    const digits = match[0].replaceAll(/\(0\)|[^0-9+]/g, "").replace(/^00/, "+");
    const count = digits.replace("+", "").length;
    return count < 7 || count > 15 || FREE.test(digits)
      ? []
      : [{ kind: "phone" as const, start: match.index, end: match.index + match[0].length }];
  });
}
