import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type ParsedNode, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import type { Path } from "../../kernel/diagnostic.ts";
import { limits } from "./limits.ts";
import type { LineIndex } from "./line-index.ts";
import { type FieldSpans, type PositionedDiagnostic, pathKey, type Span } from "./positions.ts";

/** Plain data of a file, where each field stands, and what was wrong with it as YAML. */
export interface ReadDocument {
  readonly value: unknown;
  readonly positions: Map<string, FieldSpans>;
  readonly diagnostics: PositionedDiagnostic[];
  /** Paths (by `pathKey`) whose value is a stand-in, because of an alias: they deserve no further findings. */
  readonly broken: ReadonlySet<string>;
  /** The file is not well-formed: its value is only a guess. */
  readonly malformed: boolean;
}

interface Reading {
  readonly text: string;
  readonly lines: LineIndex;
  readonly positions: Map<string, FieldSpans>;
  readonly diagnostics: PositionedDiagnostic[];
  readonly broken: Set<string>;
}

/**
 * Parses a text that the guard let through. The library's own conversion is not used: ours knows positions, finds duplicate keys in
 * linear time (the library needs seconds for 30,000), never follows an alias and never sets `__proto__`.
 * `guarded` are the guard's findings: syntax errors on their lines are only consequences.
 */
export function readDocument(text: string, lines: LineIndex, guarded: readonly PositionedDiagnostic[]): ReadDocument {
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    version: "1.2",
    schema: "core",
    merge: false,
  });
  const marked = new Set(guarded.map((finding) => finding.position?.line));
  const syntax = document.errors
    .map((error) => syntaxFinding(error, lines))
    .filter((finding) => !marked.has(finding.position?.line))
    .filter((finding, index, all) => index === 0 || all[index - 1]?.position?.line !== finding.position?.line);
  const reading: Reading = { text, lines, positions: new Map(), diagnostics: syntax.slice(0, limits.diagnostics), broken: new Set() };
  const value = document.contents === null ? undefined : convert(reading, document.contents, []);
  return { value, positions: reading.positions, diagnostics: reading.diagnostics, broken: reading.broken, malformed: syntax.length > 0 };
}

/** The library's codes in plain words; its own message is the fallback. */
const syntaxHints: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  TAB_AS_INDENT: ["a tab is used to indent", "Indent with spaces: YAML refuses tabs."],
  BAD_INDENT: ["the indentation fits no level above", "Align the line with its neighbours, with two spaces a level."],
  BLOCK_AS_IMPLICIT_KEY: ["a `: ` stands where the text has one already", "Put a text that holds `: ` in quotes, or start a new line."],
  BAD_SCALAR_START: ["a text starts with a character that YAML keeps for itself", "Put the text in quotes."],
  MULTIPLE_DOCS: ["the file holds more than one document", "One site a file: remove the `---` line and what follows."],
  MISSING_CHAR: ["a quote, bracket or separator is missing", "Look for a quote or bracket that is not closed, or a key without `: `."],
  MULTILINE_IMPLICIT_KEY: ["a key without `: `", "Write `key: value`, or indent the line if it belongs to the text above."],
};

function syntaxFinding(
  error: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
  lines: LineIndex,
): PositionedDiagnostic {
  const known = Object.hasOwn(syntaxHints, error.code) ? syntaxHints[error.code] : undefined;
  const message = known === undefined ? error.message : `${known[0]} (${error.message})`;
  const finding = { code: "site/yaml", severity: "error", message, path: [], position: lines.span(error.pos[0], error.pos[1]) } as const;
  return known === undefined ? finding : { ...finding, hint: known[1] };
}

function spanOf(reading: Reading, node: Node | null | undefined): Span {
  const [start, end] = node?.range ?? [0, 1];
  return reading.lines.span(start, end);
}

function convert(reading: Reading, node: ParsedNode | null, path: Path, key?: Span): unknown {
  const plain = !isMap(node) && !isSeq(node);
  const absent = node === null || (isScalar(node) && node.range[0] === node.range[1]);
  const value = absent && key !== undefined ? key : spanOf(reading, node);
  reading.positions.set(pathKey(path), { ...(key === undefined ? {} : { key }), value, plain });
  if (path.length >= limits.depth) {
    const message = `the file is more than ${limits.depth} levels deep`;
    if (!plain)
      reading.diagnostics.push({
        code: "site/too-deep",
        severity: "error",
        message,
        path: [],
        position: value,
        hint: "A site file needs about eight.",
      });
    return null;
  }
  if (isMap(node)) return convertMap(reading, node, path);
  if (isSeq(node)) return (node as YAMLSeq<ParsedNode>).items.map((item, index) => convert(reading, item, [...path, index]));
  if (isAlias(node)) reading.broken.add(pathKey(path));
  return isScalar(node) ? node.value : null;
}

function convertMap(reading: Reading, map: YAMLMap, path: Path): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const seen = new Map<string, number>();
  for (const pair of map.items as Pair<ParsedNode, ParsedNode | null>[]) {
    const span = spanOf(reading, pair.key);
    const name = keyName(reading, pair.key);
    const problem = name === undefined ? complexKey : reservedKey(name, seen.get(name));
    if (problem !== undefined) {
      reading.diagnostics.push({ ...problem, severity: "error", path, position: span });
      continue;
    }
    if (name === undefined) continue;
    seen.set(name, span.line);
    result[name] = convert(reading, pair.value, [...path, name], span);
  }
  return result;
}

/** The key as a person wrote it: `8.4` and `yes` stay what they are. */
function keyName(reading: Reading, key: ParsedNode): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === "string") return key.value;
  return key.range == null ? String(key.value) : reading.text.slice(key.range[0], key.range[1]);
}

type Problem = Pick<PositionedDiagnostic, "code" | "message" | "hint">;

const complexKey: Problem = {
  code: "site/yaml",
  message: "a list or map can't be a key",
  hint: "Keys are plain words; put a text with brackets in quotes.",
};

function reservedKey(name: string, firstLine: number | undefined): Problem | undefined {
  if (firstLine !== undefined) {
    return {
      code: "site/duplicate-key",
      message: `\`${name.slice(0, 60)}\` is here a second time`,
      hint: `It is on line ${firstLine} already: keep one of them.`,
    };
  }
  if (name === "<<")
    return { code: "site/merge-key", message: "`<<` is a YAML merge key, and a site file has none", hint: "Write the keys out." };
  return name === "__proto__" ? { code: "site/reserved-key", message: "`__proto__` can't be a key", hint: "Remove it." } : undefined;
}
