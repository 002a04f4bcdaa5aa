/** One word of SQL. Names keep their case; words are in capitals. */
export interface SqlToken {
  readonly kind: "word" | "name" | "string" | "symbol";
  readonly text: string;
  /** 1-based, in the whole text. */
  readonly line: number;
}

/** One statement: its tokens without comments and delimiter. */
export type SqlStatement = readonly SqlToken[];

const patterns = {
  blank: /\s+/y,
  dashes: /--(?=\s|$)[^\n]*/y,
  hash: /#[^\n]*/y,
  // The server runs what stands in `/*! … */` and `/*M! … */`.
  executable: /\/\*M?!\d*|\*\//y,
  block: /\/\*(?!M?!)[\s\S]*?(?:\*\/|$)/y,
  string: /'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|"(?:[^"\\]|""|\\[\s\S])*(?:"|$)/y,
  name: /`(?:[^`]|``)*(?:`|$)/y,
  word: /[\p{L}\p{N}_$@:]+/uy,
} as const;

const delimiterLine = /[ \t]*DELIMITER[ \t]+(\S+)[^\n]*/iy;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Splits SQL into statements as the mysql client does: strings, names and comments are known, `DELIMITER` is followed. Never fails: what ends too early ends there. */
export function sqlStatements(text: string): readonly SqlStatement[] {
  const statements: SqlToken[][] = [];
  let current: SqlToken[] = [];
  let delimiter = ";";
  let line = 1;
  let at = 0;
  const take = (found: string): void => {
    for (const character of found) if (character === "\n") line += 1;
    at += found.length;
  };
  const end = (): void => {
    if (current.length > 0) statements.push(current);
    current = [];
  };
  while (at < text.length) {
    if (current.length === 0 && (at === 0 || text[at - 1] === "\n")) {
      delimiterLine.lastIndex = at;
      const said = delimiterLine.exec(text);
      if (said !== null) {
        delimiter = said[1] ?? ";";
        take(said[0]);
        continue;
      }
    }
    if (text.startsWith(delimiter, at)) {
      take(delimiter);
      end();
      continue;
    }
    const skipped = (["blank", "dashes", "hash", "executable", "block"] as const)
      .map((kind) => match(patterns[kind], text, at))
      .find(Boolean);
    if (skipped !== undefined) {
      take(skipped);
      continue;
    }
    const token = readToken(text, at, line);
    current.push(token.token);
    take(token.source);
  }
  end();
  return statements;
}

function readToken(text: string, at: number, line: number): { readonly token: SqlToken; readonly source: string } {
  const string = match(patterns.string, text, at);
  if (string !== undefined) return { token: { kind: "string", text: string.slice(1, -1), line }, source: string };
  const name = match(patterns.name, text, at);
  if (name !== undefined) return { token: { kind: "name", text: name.slice(1, -1).replaceAll("``", "`"), line }, source: name };
  const word = match(patterns.word, text, at);
  if (word !== undefined) return { token: { kind: "word", text: word.toUpperCase(), line }, source: word };
  const symbol = String.fromCodePoint(text.codePointAt(at) ?? 0x20);
  return { token: { kind: "symbol", text: symbol, line }, source: symbol };
}
