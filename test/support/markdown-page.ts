/** A place in a page, for messages that lead there. */
interface Found {
  readonly line: number;
  readonly text: string;
}

/** What of a page can be wrong without anybody noticing. */
export interface MarkdownPage {
  /** Targets of links and pictures as written: `../explanation/up.md#steps`, `https://…`, `#here`. */
  readonly links: readonly Found[];
  /** What `#…` may follow the page's name, as GitHub makes it of headings. */
  readonly anchors: ReadonlySet<string>;
  /** Command lines of code blocks that a shell would get, without prompts, with continued lines put together; examples in printed help. */
  readonly commands: readonly Found[];
  /** Code inside sentences. */
  readonly words: readonly Found[];
}

const SHELLS = ["sh", "bash", "console", "shell"];
/** In printed help, where an example is followed by what it does. */
const EXAMPLE = /^ {2}(howdah .*?)(?: {2,}.*)?$/;

/** Reads a page of Markdown, as far as its links and commands go. Pure: the text comes from whoever asks. */
export function markdownPage(text: string): MarkdownPage {
  const links: Found[] = [];
  const words: Found[] = [];
  const commands: Found[] = [];
  const headings: string[] = [];
  let fence: { readonly mark: string; readonly language: string } | undefined;
  let command: Found | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [, mark, language = ""] = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(line) ?? [];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence.mark))) {
      fence = fence === undefined ? { mark, language } : undefined;
    } else if (fence !== undefined) {
      const part = shellPart(line, fence.language, command !== undefined);
      if (part === undefined) continue;
      command = { line: command?.line ?? index + 1, text: `${command?.text ?? ""}${part.replace(/\\$/, "")}` };
      if (part.endsWith("\\")) continue;
      commands.push(command);
      command = undefined;
    } else {
      const found = (text: string): Found => ({ line: index + 1, text });
      words.push(...[...line.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => found(code)));
      const prose = line.replaceAll(/`[^`]*`/g, "code");
      links.push(...[...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map(([, target = ""]) => found(target)));
      const [, title] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? [];
      if (title !== undefined) headings.push(title);
    }
  }
  return { links, words, commands, anchors: anchorsOf(headings) };
}

/** The part of a line in a code block that a shell gets, if any. In a `console`, lines without a prompt are answers. */
function shellPart(line: string, language: string, continues: boolean): string | undefined {
  const part = line.trim();
  if (language === "text") return EXAMPLE.exec(line)?.[1];
  if (!SHELLS.includes(language) || part === "" || part.startsWith("#")) return undefined;
  if (continues || language !== "console") return part;
  return part.startsWith("$ ") ? part.slice(2) : undefined;
}

/** As GitHub does: small letters, digits, hyphens and underscores are kept, and the second of a name is numbered. */
function anchorsOf(headings: readonly string[]): ReadonlySet<string> {
  const times = new Map<string, number>();
  const anchors = headings.map((title) => {
    const shown = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = shown
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const before = times.get(slug) ?? 0;
    times.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${String(before)}`;
  });
  return new Set(anchors);
}

/**
 * The programs that a line starts, each as its words: split at pipes and `&&`, without redirections, comments and environment. Quotes are
 * taken away, `$NAME` stays as it stands: enough for documentation, no shell.
 */
export function programsOf(line: string): readonly (readonly string[])[] {
  const programs: string[][] = [[]];
  const tokens = line.matchAll(/\s+#.*$|&&|\|\|?|;|\d?[<>]+&?\s*\S+|(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|;&<>])+/g);
  for (const [token] of tokens) {
    if (/^\s+#/.test(token)) break;
    if (/^(?:&&|\|\|?|;)$/.test(token)) programs.push([]);
    else if (!/^\d?[<>]/.test(token)) programs.at(-1)?.push(token.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g, "$1$2$3"));
  }
  return programs.filter((words) => words.length > 0);
}
