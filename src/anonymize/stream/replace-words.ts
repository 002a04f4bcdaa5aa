/** Words that follow one another, in small letters, and what stands in their place. */
export interface WordsEntry {
  readonly words: readonly string[];
  readonly masked: string;
}

const WORD = /[\p{L}\p{N}]+/gu;
/** What may stand between the words of a name. */
const BETWEEN = /^[\s.,_'’&;+-]{1,6}$/;

/** The words of a text in small letters. */
export function wordsOf(text: string): string[] {
  return (text.match(WORD) ?? []).map((word) => word.toLowerCase());
}

interface Rest {
  /** Behind the first one. */
  readonly words: readonly string[];
  readonly masked: string;
}

/**
 * Makes a function that replaces words of a text, the longest entry first and the first of the same. By looking up word after word and no regular
 * expression: one for each row would have to be compiled, and one for everybody would be endless.
 */
export function wordReplacer(entries: Iterable<WordsEntry>): (text: string) => string {
  const book = new Map<string, Rest[]>();
  for (const {
    words: [first, ...words],
    masked,
  } of entries) {
    if (first === undefined) continue;
    const same = book.get(first);
    if (same === undefined) book.set(first, [{ words, masked }]);
    else if (!same.some((one) => one.words.join(" ") === words.join(" "))) same.push({ words, masked });
  }
  for (const same of book.values()) same.sort((a, b) => b.words.length - a.words.length);
  return book.size === 0 ? (text) => text : (text) => replaced(text, book);
}

function replaced(text: string, book: ReadonlyMap<string, readonly Rest[]>): string {
  const words = Array.from(
    text.matchAll(WORD),
    (match): Word => ({ word: match[0].toLowerCase(), start: match.index, end: match.index + match[0].length }),
  );
  let [out, from] = ["", 0];
  for (let index = 0; index < words.length; index += 1) {
    const here = words[index];
    const entry = here === undefined ? undefined : book.get(here.word)?.find((one) => follow(one.words, words, { index, text }));
    const last = entry === undefined ? undefined : words[index + entry.words.length];
    if (here === undefined || entry === undefined || last === undefined) continue;
    out += text.slice(from, here.start) + entry.masked;
    from = last.end;
    index += entry.words.length;
  }
  return from === 0 ? text : out + text.slice(from);
}

interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

function follow(
  wanted: readonly string[],
  words: readonly Word[],
  { index, text }: { readonly index: number; readonly text: string },
): boolean {
  return wanted.every((one, offset) => {
    const [before, next] = [words[index + offset], words[index + offset + 1]];
    return before !== undefined && next?.word === one && BETWEEN.test(text.slice(before.end, next.start));
  });
}
