/** Words of a row that name its person, with what stands in their place in the columns. */
export type NamePairs = readonly { readonly raw: string; readonly masked: string }[];

/** Shorter words are in everything. */
const SHORTEST = 3;

/** Makes a function that puts the fakes in the place of a row's names, whole and word by word, in whatever case: `Anna Meier`, `ANNA`, `anna-meier`. */
export function nameReplacer(pairs: NamePairs): (text: string) => string {
  const words = new Map<string, string>();
  for (const { raw, masked } of pairs) {
    const [old, fresh] = [raw.trim(), masked.trim()];
    if (old.length >= SHORTEST && old.length <= 200) add(words, old, fresh);
    const [parts, instead] = [old.split(/[\s,.;_-]+/), fresh.split(/\s+/)];
    for (const [index, part] of parts.entries()) {
      if (part.length >= SHORTEST && /\p{L}/u.test(part)) add(words, part, (index === 0 ? instead[0] : instead.at(-1)) ?? "");
    }
  }
  if (words.size === 0) return (text) => text;
  const longestFirst = [...words.keys()].sort((a, b) => b.length - a.length);
  const form = new RegExp(`(?<![\\p{L}\\p{N}])(?:${longestFirst.map(escaped).join("|")})(?![\\p{L}\\p{N}])`, "giu");
  return (text) => text.replaceAll(form, (found) => words.get(found.toLowerCase()) ?? "");
}

function add(words: Map<string, string>, word: string, fake: string): void {
  const key = word.toLowerCase();
  if (!words.has(key)) words.set(key, fake);
}

function escaped(word: string): string {
  return word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
