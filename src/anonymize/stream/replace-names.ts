import { wordReplacer, type WordsEntry, wordsOf } from "./replace-words.ts";

/** Words of a row that name its person, with what stands in their place in the columns. */
export type NamePairs = readonly { readonly raw: string; readonly masked: string }[];

/** Shorter words are in everything. */
const SHORTEST = 3;
const LONGEST = 200;

/** Makes a function that puts the fakes in the place of a row's names, whole and word by word, in whatever case: `Anna Meier`, `ANNA`, `anna-meier`. */
export function nameReplacer(pairs: NamePairs): (text: string) => string {
  if (pairs.length === 0) return (text) => text;
  return wordReplacer(pairs.filter(({ raw }) => raw.length <= LONGEST).flatMap(entriesOf));
}

function entriesOf({ raw, masked }: NamePairs[number]): WordsEntry[] {
  const words = wordsOf(raw);
  const fresh = masked.trim().split(/\s+/);
  const parts = words.map((word, index) => ({ words: [word], masked: (index === 0 ? fresh[0] : fresh.at(-1)) ?? "" }));
  return [
    ...(raw.trim().length >= SHORTEST ? [{ words, masked: masked.trim() }] : []),
    ...parts.filter(({ words: [word = ""] }) => word.length >= SHORTEST && /\p{L}/u.test(word)),
  ];
}
