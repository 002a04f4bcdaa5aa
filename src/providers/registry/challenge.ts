/** One way in that a server offers in `WWW-Authenticate`. */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\[^])*)"/y;

/** Reads `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges in one line, quoted values with escapes. What can't be read ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < header.length) {
    take(/[\s,]+/y);
    const word = take(TOKEN)?.[0];
    if (word === undefined) break;
    if (take(/\s*=\s*/y) === null) {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      continue;
    }
    const value = take(QUOTED)?.[1]?.replaceAll(/\\([^])/g, "$1") ?? take(TOKEN)?.[0];
    const current = challenges.at(-1);
    if (value === undefined || current === undefined) break;
    current.parameters[word.toLowerCase()] = value;
  }
  return challenges;
}
