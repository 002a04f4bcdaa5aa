import type { PositionedDiagnostic } from "./reading/positions.ts";

/** How findings are printed. */
export interface FormatOptions {
  /** Shown before line and column. */
  readonly file: string;
  /** The file's text, for the marked lines; without it only the sentences are printed. */
  readonly text?: string;
  readonly colour?: boolean;
}

const colours = { error: "31", warning: "33", info: "36" } as const;

/**
 * Findings as people and editors read them: `site.yaml:5:13 error: … [site/…]`, the line, tildes under the words, the hint. Nothing
 * from the file reaches a terminal as a control character.
 */
export function formatDiagnostics(diagnostics: readonly PositionedDiagnostic[], options: FormatOptions): string {
  const lines = options.text?.replace(/^\ufeff/, "").split(/\r\n|\n|\r/) ?? [];
  return diagnostics.map((diagnostic) => formatOne(diagnostic, lines, options)).join("\n");
}

function formatOne(diagnostic: PositionedDiagnostic, lines: readonly string[], options: FormatOptions): string {
  const { severity, position } = diagnostic;
  const paint = (text: string, code: string): string => (options.colour === true ? `\u001b[${code}m${text}\u001b[0m` : text);
  const own = diagnostic.file === undefined;
  const line = own ? position?.line : diagnostic.line;
  const place = [printable(diagnostic.file ?? options.file), line, own ? position?.column : undefined]
    .filter((part) => part !== undefined)
    .join(":");
  const result = [`${place} ${paint(severity, colours[severity])}: ${printable(diagnostic.message)} [${diagnostic.code}]`];
  const source = own && position !== undefined ? lines[position.line - 1] : undefined;
  if (source !== undefined && source.trim() !== "" && position !== undefined) {
    const excerpt = cut(source, position.column - 1, position.length);
    result.push(
      `    ${printable(excerpt.text)}`,
      `    ${paint(" ".repeat(excerpt.start) + "~".repeat(excerpt.length), colours[severity])}`,
    );
  }
  if (diagnostic.hint !== undefined) result.push(`    ${paint("hint:", "2")} ${printable(diagnostic.hint)}`);
  return result.join("\n");
}

/** At most 120 columns of a line, with the words in view. Tabs become one space, so that the tildes fit. */
function cut(source: string, start: number, length: number): { text: string; start: number; length: number } {
  const text = source.replaceAll("\t", " ").trimEnd();
  const from = start > 90 ? start - 20 : 0;
  const shown = (from > 0 ? "..." : "") + text.slice(from, from + 117) + (text.length > from + 117 ? "..." : "");
  const column = Math.min(start - from + (from > 0 ? 3 : 0), shown.length);
  return { text: shown, start: column, length: Math.max(1, Math.min(length, shown.length - column)) };
}

/** Replaces what a terminal would act on or hide (control and bidirectional characters) by U+FFFD. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g, "\ufffd");
}
