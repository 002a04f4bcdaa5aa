import type { Diagnostic, Path } from "../../kernel/diagnostic.ts";

/** Some words on one line of the site file. `line` and `column` are 1-based, in UTF-16 units, as editors count. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** Where one field stands: its key (not for list items) and its value; `plain` when the value is one scalar. */
export interface FieldSpans {
  readonly key?: Span;
  readonly value: Span;
  readonly plain: boolean;
}

/** All fields of a file by `pathKey`. Plain data, so it crosses from the parsing worker. */
export type Positions = ReadonlyMap<string, FieldSpans>;

/** A finding that knows its words in the file. `position` is missing only when the file has no words at all. */
export type PositionedDiagnostic = Diagnostic & { readonly position?: Span };

/** A path as a map key: unambiguous whatever the keys hold. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** Findings about a key, not about what it holds. */
const aboutTheKey: ReadonlySet<string> = new Set([
  "site/unknown-key",
  "site/invalid-key",
  "site/missing-field",
  "site/reserved-key",
  "site/reserved-variable",
]);

/** Finds the words of a field; for a field that is not in the file, those of the nearest one around it. */
export function locate(positions: Positions, path: Path, what: "key" | "value"): Span | undefined {
  for (let depth = path.length; depth >= 0; depth--) {
    const spans = positions.get(pathKey(path.slice(0, depth)));
    if (spans === undefined) continue;
    const inside = depth === path.length;
    if (inside && what === "value" && spans.plain) return spans.value;
    return spans.key ?? spans.value;
  }
  return undefined;
}

/** Gives findings of any stage their words in the file. Those that have a position already keep it. */
export function positioned(diagnostics: readonly PositionedDiagnostic[], positions: Positions): PositionedDiagnostic[] {
  return diagnostics.map((diagnostic) => {
    if (diagnostic.position !== undefined || diagnostic.file !== undefined) return diagnostic;
    const position = locate(positions, diagnostic.path, aboutTheKey.has(diagnostic.code) ? "key" : "value");
    return position === undefined ? diagnostic : { ...diagnostic, position };
  });
}

/** Reading order: by line and column, then errors before warnings; findings without a place come last. Stable. */
export function inReadingOrder(diagnostics: readonly PositionedDiagnostic[]): PositionedDiagnostic[] {
  const place = (d: PositionedDiagnostic): number =>
    d.position === undefined ? Infinity : d.position.line * 1_000_000 + d.position.column;
  const weight = { error: 0, warning: 1, info: 2 };
  return [...diagnostics].sort((a, b) => {
    const [first, second] = [place(a), place(b)];
    return first === second ? weight[a.severity] - weight[b.severity] : first - second;
  });
}
