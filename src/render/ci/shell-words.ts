import { HowdahError } from "../../kernel/howdah-error.ts";

/** Words that mean themselves to a shell. */
const PLAIN = /^[A-Za-z0-9_./:@%+=,-]+$/;

/**
 * An argument array as text for a POSIX shell that reads it back as the same words. Only for pipelines, whose steps are scripts by nature; Howdah
 * itself runs no shell. Error: `render/unsafe` for a word of several lines.
 */
export function shellWords(argv: readonly string[]): string {
  return argv.map(shellWord).join(" ");
}

function shellWord(word: string): string {
  if (/\p{Cc}/u.test(word)) throw new HowdahError("render/unsafe", `${JSON.stringify(word)} can't stand in a pipeline's script`);
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
