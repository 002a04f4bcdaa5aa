/** A statement that a site's dump must not hold. */
export interface RefusedStatement {
  /** 1-based. */
  readonly line: number;
  /** Its first words. */
  readonly words: string;
}

/** Text that must follow before something in code is judged: longer than any DEFINER clause. */
const LOOKAHEAD = 1024;
const HEAD = 200;

const REFUSED = /^(USE\s|(CREATE|DROP)\s+(OR\s+REPLACE\s+)?(DATABASE|SCHEMA)\s)/i;
/** What may stand between CREATE and DEFINER. */
const BEFORE_DEFINER = /^(CREATE|ALTER)(\s+OR\s+REPLACE)?(\s+AGGREGATE)?(\s+ALGORITHM\s*=\s*\w+)?\s*$/i;
const QUOTED = "(?:`(?:[^`]|``)*`|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[\\w$.-]+)";
const DEFINER = new RegExp(`DEFINER\\s*=\\s*(?:CURRENT_USER(?:\\s*\\(\\s*\\))?|${QUOTED}(?:\\s*@\\s*${QUOTED})?) ?`, "iy");
const EXECUTABLE = /\/\*(M?)!(\d*)/y;
const DELIMITER = /DELIMITER[ \t]+(\S+)[^\n]*/iy;
const LINE_COMMENT = /--(?=[\u0000-\u0020]|$)/y;

/** Where each state but code ends; a backslash takes the next character with it. */
const ENDS = { "'": /'|\\/g, '"': /"|\\/g, "`": /`/g, line: /\n/g, block: /\*\//g } as const;

/**
 * Reads SQL dumps piece by piece, as bytes in latin1 text, and knows strings, names and comments, so that nothing in data is
 * mistaken for a statement. It takes DEFINER clauses out (only an administrator may name somebody else; the importing user becomes
 * the definer) and names statements that switch, make or drop databases. Executable comments are code, as the server takes them.
 */
export class SqlScanner {
  readonly refused: RefusedStatement[] = [];
  #state: "code" | keyof typeof ENDS = "code";
  #text = "";
  #at = 0;
  #last = false;
  #head = "";
  #delimiter = ";";
  #tokens = tokensFor(";");
  #line = 1;
  #countedTo = 0;

  /** Answers the text to send on. What can't be judged yet is kept for the next call; `last` ends the text. */
  push(chunk: string, last = false): string {
    this.#text += chunk;
    this.#last = last;
    let out = "";
    let from = 0;
    for (;;) {
      const before = this.#at;
      const cut = this.#state === "code" ? this.#code() : this.#inside();
      if (cut) {
        out += this.#text.slice(from, before);
        from = this.#at;
      }
      if (this.#at === before) break;
    }
    if (last && this.#state === "code") this.#judge();
    out += this.#text.slice(from, this.#at);
    this.#countLines();
    this.#text = this.#text.slice(this.#at);
    this.#at = this.#countedTo = 0;
    return out;
  }

  /** One token of code. True when it is to be cut out. Stands still when more text is needed. */
  #code(): boolean {
    const left = this.#text.length - this.#at;
    if (left === 0 || (!this.#last && left < LOOKAHEAD)) return false;
    this.#tokens.lastIndex = this.#at;
    const found = this.#tokens.exec(this.#text);
    const end = this.#last ? this.#text.length : this.#text.length - LOOKAHEAD + 1;
    const next = Math.min(found?.index ?? end, end);
    if (next > this.#at) {
      this.#addToHead(this.#text.slice(this.#at, Math.min(next, this.#at + 4 * HEAD)));
      this.#at = next;
      return false;
    }
    return this.#token(found?.[0] ?? "");
  }

  #token(token: string): boolean {
    if (token === this.#delimiter) this.#endStatement(token.length);
    else if (token === "'" || token === '"' || token === "`") this.#enter(token, 1);
    else if (token === "#") this.#enter("line", 1);
    else if (token === "-" && this.#matches(LINE_COMMENT) !== undefined) this.#enter("line", 2);
    else if (token === "/*") this.#comment();
    else if (token === "*/") this.#at += 2;
    else if (/^DELIMITER/i.test(token)) this.#delimiterCommand(token);
    else if (/^DEFINER/i.test(token) && BEFORE_DEFINER.test(this.#head)) return this.#cutDefiner(token);
    else this.#word(token);
    return false;
  }

  #word(token: string): void {
    this.#addToHead(token);
    this.#at += token.length;
  }

  #enter(state: keyof typeof ENDS, length: number): void {
    if (state !== "line" && state !== "block") this.#addToHead(state);
    this.#state = state;
    this.#at += length;
  }

  #endStatement(length: number): void {
    this.#judge();
    this.#at += length;
  }

  #judge(): void {
    if (REFUSED.test(`${this.#head} `)) {
      this.#countLines();
      this.refused.push({ line: this.#line, words: this.#head.slice(0, 60).trim() });
    }
    this.#head = "";
  }

  /** MySQL's versions 5.7 to 9 and the mark of the sandbox are comments to MariaDB, other executable comments are code. */
  #comment(): void {
    const executable = this.#matches(EXECUTABLE);
    const version = Number(executable?.[2] ?? 0);
    const ignored = version === 999_999 || (executable?.[1] === "" && version >= 50_700 && version <= 99_999);
    if (executable === undefined || ignored) this.#enter("block", 2);
    else this.#at += executable[0].length;
  }

  #delimiterCommand(token: string): void {
    const command = this.#head.trim() === "" ? this.#matches(DELIMITER) : undefined;
    if (command === undefined) return this.#word(token);
    this.#delimiter = command[1] ?? this.#delimiter;
    this.#tokens = tokensFor(this.#delimiter);
    this.#at += command[0].length;
  }

  #cutDefiner(token: string): boolean {
    const clause = this.#matches(DEFINER);
    if (clause === undefined) this.#word(token);
    else this.#at += clause[0].length;
    return clause !== undefined;
  }

  #matches(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text) ?? undefined;
  }

  /** To the end of a string, a quoted name or a comment; what is in it never matters. */
  #inside(): boolean {
    if (this.#state === "code") return false;
    const ends = ENDS[this.#state];
    ends.lastIndex = this.#at;
    const found = ends.exec(this.#text);
    const spare = this.#last ? 0 : 1; // half of an end may stand there
    if (found === null) this.#at = Math.max(this.#at, this.#text.length - spare);
    else if (found[0] !== "\\") this.#leave(ends.lastIndex);
    else if (ends.lastIndex < this.#text.length || this.#last) this.#at = Math.min(ends.lastIndex + 1, this.#text.length);
    else this.#at = found.index;
    return false;
  }

  #leave(to: number): void {
    this.#state = "code";
    this.#at = to;
  }

  #addToHead(text: string): void {
    if (this.#head.length < HEAD) this.#head = (this.#head + text).replaceAll(/\s+/g, " ").trimStart().slice(0, HEAD);
  }

  #countLines(): void {
    for (let at = this.#text.indexOf("\n", this.#countedTo); at >= 0 && at < this.#at; at = this.#text.indexOf("\n", at + 1))
      this.#line += 1;
    this.#countedTo = this.#at;
  }
}

/** What can mean something in code: the delimiter, quotes, comments, and two words. */
function tokensFor(delimiter: string): RegExp {
  const literal = delimiter.replaceAll(/[$()*+.?[\\\]^{|}/-]/g, "\\$&");
  return new RegExp(`${literal}|['"\`#-]|/\\*|\\*/|\\bDEFINER\\b|\\bDELIMITER\\b`, "gi");
}
