import type { ApacheNode } from "./apache-node.ts";

/** A line that Apache itself would refuse. */
export interface ApacheProblem {
  readonly line: number;
  readonly message: string;
}

interface Open {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly children: ApacheNode[];
}

/** Sections nest a few levels in reality. */
const MAX_DEPTH = 20;

/**
 * Reads the text of a `.htaccess` or Apache configuration to a tree: directives, nested sections, `\` at line ends, quotes, comments.
 * It never fails: what Apache would refuse becomes a problem with its line, and the rest is read on.
 */
export function parseApache(text: string): { readonly nodes: readonly ApacheNode[]; readonly problems: readonly ApacheProblem[] } {
  const root: ApacheNode[] = [];
  const problems: ApacheProblem[] = [];
  const stack: Open[] = [];
  for (const { line, content } of logicalLines(text)) {
    const siblings = stack.at(-1)?.children ?? root;
    const closing = /^<\s*\/\s*(\w+)\s*>$/.exec(content)?.[1]?.toLowerCase();
    if (closing !== undefined) close(closing, line, { stack, root, problems });
    else if (content.startsWith("<")) {
      const inner = content.replace(/^<\s*/, "").replace(/>\s*$/, "");
      const [name = "", ...args] = words(inner);
      if (stack.length >= MAX_DEPTH) problems.push({ line, message: "sections are nested too deep" });
      else stack.push({ name: name.toLowerCase(), args, line, children: [] });
    } else {
      const [name = "", ...args] = words(content);
      siblings.push({ kind: "directive", name: name.toLowerCase(), args, line });
    }
  }
  for (const open of [...stack].reverse()) {
    problems.push({ line: open.line, message: `<${open.name}> is never closed` });
    close(open.name, open.line, { stack, root, problems });
  }
  return { nodes: root, problems };
}

function close(name: string, line: number, state: { stack: Open[]; root: ApacheNode[]; problems: ApacheProblem[] }): void {
  const open = state.stack.at(-1);
  if (open?.name !== name) {
    state.problems.push({ line, message: `</${name}> closes nothing` });
    return;
  }
  state.stack.pop();
  (state.stack.at(-1)?.children ?? state.root).push({ kind: "section", ...open });
}

function* logicalLines(text: string): Generator<{ line: number; content: string }> {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let content = lines[index] ?? "";
    while (content.endsWith("\\") && index + 1 < lines.length) {
      index += 1;
      content = `${content.slice(0, -1)} ${lines[index] ?? ""}`;
    }
    content = content.trim();
    if (content !== "" && !content.startsWith("#")) yield { line, content };
  }
}

/** Splits as Apache does: at white space, with "…" or '…' around a word; a backslash only escapes the quote it stands before. */
function words(text: string): string[] {
  const found: string[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) at += 1;
    else if (char === '"' || char === "'") {
      const end = closingQuote(text, at);
      found.push(text.slice(at + 1, end).replaceAll(`\\${char}`, char));
      at = end + 1;
    } else {
      const word = /^\S+/.exec(text.slice(at))?.[0] ?? "";
      found.push(word);
      at += word.length;
    }
  }
  return found;
}

function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === text[start]) return at;
  }
  return text.length;
}
