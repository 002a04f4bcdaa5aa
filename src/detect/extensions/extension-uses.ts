import type { PhpFile } from "../php-file.ts";
import type { Survey } from "../survey.ts";
import { extensionOfClass, extensionOfFunction } from "./extension-symbols.ts";

/** How an extension is used by the tree's code. */
export interface ExtensionUse {
  readonly extension: string;
  /** Files of the application that use it without asking first whether it is there. */
  readonly plain: number;
  /** Files that ask first. */
  readonly guarded: number;
  /** Files of add-ons and bundled libraries. */
  readonly elsewhere: number;
  /** Uses in files whose name says that they are one driver of several. */
  readonly drivers: number;
  /** The best example. */
  readonly example: { readonly what: string; readonly file: string; readonly line?: number };
}

interface Counting {
  plain: number;
  guarded: number;
  elsewhere: number;
  drivers: number;
  example: { what: string; file: PhpFile; offset: number; rank: number };
}

const driverName = /(driver|adapter|backend|handler|engine|provider|storage|transport|cache|session|auth|database|\bdb\b|store|bag)/i;

function isDriver(file: PhpFile, extension: string): boolean {
  const short = extension.replace(/^pdo_/, "").replace(/d$/, "");
  return file.path.toLowerCase().includes(short) && driverName.test(file.path);
}

/** Symbols of one file by extension: the first one and where. */
function symbolsOf(file: PhpFile, declared: ReadonlySet<string>): Map<string, { what: string; offset: number }> {
  const found = new Map<string, { what: string; offset: number }>();
  const keep = (extension: string | undefined, what: string, offset: number): void => {
    if (extension !== undefined && !found.has(extension)) found.set(extension, { what, offset });
  };
  for (const [name, offset] of file.calls) if (!declared.has(name)) keep(extensionOfFunction(name), `${name}()`, offset);
  for (const [name, offset] of file.classes) keep(extensionOfClass(name), `the class ${name}`, offset);
  return found;
}

/** Extensions that a file asks about before using them. */
function guardsOf(file: PhpFile): Set<string> {
  const asked = new Set<string>();
  for (const name of file.guards.keys()) {
    asked.add(name);
    const extension = extensionOfFunction(name) ?? extensionOfClass(name);
    if (extension !== undefined) asked.add(extension);
  }
  return asked;
}

/** Counts which extensions the code really uses, and how. Functions that the tree declares itself (polyfills) don't count. */
export function extensionUses(survey: Survey): ExtensionUse[] {
  const declared = new Set(survey.php.flatMap((file) => (/polyfill/i.test(file.path) ? [] : [...file.functions])));
  const counts = new Map<string, Counting>();
  for (const file of survey.php) {
    if (/polyfill|stubs?\//i.test(file.path)) continue;
    const guards = guardsOf(file);
    for (const [extension, { what, offset }] of symbolsOf(file, declared)) {
      const guarded = guards.has(extension);
      const own = file.origin === "app";
      const rank = own ? (guarded ? 1 : 2) : 0;
      const count = counts.get(extension) ?? { plain: 0, guarded: 0, elsewhere: 0, drivers: 0, example: { what, file, offset, rank } };
      if (!own) count.elsewhere += 1;
      else if (guarded) count.guarded += 1;
      else if (isDriver(file, extension)) count.drivers += 1;
      else count.plain += 1;
      if (rank > count.example.rank) count.example = { what, file, offset, rank };
      counts.set(extension, count);
    }
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([extension, { example, ...count }]) => {
      const line = survey.line(example.file.path, example.offset);
      return { extension, ...count, example: { what: example.what, file: example.file.path, ...(line === undefined ? {} : { line }) } };
    });
}
