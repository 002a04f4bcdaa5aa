const PIECES = [
  "'",
  '"',
  "`",
  "\\",
  "%",
  "_",
  "\0",
  "\n",
  "\r",
  "\t",
  "\u001a",
  ";",
  "--",
  " -- ",
  "/*",
  "*/",
  "/*!",
  "#",
  "💥",
  "ä",
  "漢",
  "\u202e",
  "DROP TABLE t",
  "')",
  "?",
  "??",
  ":a",
  "$",
  "{}",
  "\\'",
  "''",
  "\u2028",
  " ",
  "x",
];

/** The same `count` strings each time, made of what ends, escapes or comments in SQL, up to 90 characters. */
export function hostileStrings(count: number): string[] {
  let state = 20_261_121;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => Array.from({ length: 1 + next(12) }, () => PIECES[next(PIECES.length)]).join(""));
}
