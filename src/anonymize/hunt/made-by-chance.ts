import { datasetLanguages, type Fake } from "../../catalog/dataset-presets/dataset-rules.ts";
import { fakeRecipe, type Part } from "../masks/recipes.ts";

/** Fakes that are words of lists: of a large table some of them are the names of real people. All others have digits of a keyed hash. */
const OF_LISTS: readonly Fake[] = ["first-name", "last-name", "full-name", "company", "street", "city", "sentence"];

/**
 * Whether a real value may stand in a dataset because a mask of whatever language made it up: `Anna Fuchs` among 50,000 people, also as a part of
 * `Johanna Fuchsberger`. Nothing can be concluded from finding such a one. Capitals don't count, as in the search.
 */
export function madeByChance(value: string): boolean {
  const wanted = value.toLowerCase();
  if (/[@\n]/.test(wanted)) return false;
  return fakes().some((parts) => standsIn(parts, wanted));
}

let known: readonly (readonly string[])[] | undefined;

/** All that can be made up, by parts; made when the first is asked for. */
function fakes(): readonly (readonly string[])[] {
  known ??= datasetLanguages.flatMap((language) => OF_LISTS.map((fake) => fakeRecipe(fake, language).map(linesOf)));
  return known;
}

/** All that a part may be, in small letters, each on a line of its own: searching one text is faster than asking a thousand words. */
function linesOf(part: Part): string {
  return `\n${wordsOf(part)
    .map((word) => word.toLowerCase())
    .join("\n")}\n`;
}

function wordsOf(part: Part): readonly string[] {
  if (part.part === "literal") return [part.text];
  if (part.part === "pick") return part.list;
  if (part.part !== "number" || part.count > MOST_NUMBERS) return []; // digits, which no list has
  return Array.from({ length: part.count }, (_, index) => String(part.from + index).padStart(part.width, "0"));
}

const MOST_NUMBERS = 1000;

/** Whether a text is somewhere in one that is made of one word of each part. */
function standsIn(parts: readonly string[], text: string): boolean {
  return parts.some(
    (lines, index) =>
      lines.includes(text) || splits(text).some(([front, rest]) => lines.includes(`${front}\n`) && goesOn(parts, index + 1, rest)),
  );
}

function splits(text: string): readonly (readonly [string, string])[] {
  return Array.from({ length: text.length - 1 }, (_, index) => [text.slice(0, index + 1), text.slice(index + 1)] as const);
}

/** Whether a text may begin where a part begins. */
function goesOn(parts: readonly string[], index: number, text: string): boolean {
  const lines = parts[index];
  if (lines === undefined) return false;
  if (lines.includes(`\n${text}`)) return true;
  return splits(text).some(([word, rest]) => lines.includes(`\n${word}\n`) && goesOn(parts, index + 1, rest));
}
