import { type PhpNames, phpNames } from "./php-names.ts";
import { phpSyntax, type SyntaxMark } from "./php-syntax.ts";
import { phpTokens } from "./php-tokens.ts";
import { type PhpValues, phpValues } from "./php-values.ts";

/** Where a file stands: the application's own code, an add-on that may be off, bundled libraries, or code that a site never runs. */
export type Origin = "app" | "addon" | "vendor" | "aside";

/** What one PHP file says, read once; offsets become lines by `lineAt`. */
export interface PhpFile extends PhpNames, PhpValues {
  readonly path: string;
  readonly origin: Origin;
  readonly syntax: readonly SyntaxMark[];
  /** Short literals, kept only when the file may hold a list of extensions. */
  readonly words: ReadonlyMap<string, number>;
  /** True when the code reads the requested path: it routes by itself. */
  readonly routes: boolean;
  /** Starts of database connection strings and names of database kinds among the literals: `mysql:`, `pgsql`. */
  readonly databases: ReadonlySet<string>;
  /** Number of literals that are SQL statements, and of those that name their table. */
  readonly sql: { readonly statements: number; readonly tables: number };
  /** Literals that look like paths of writable directories: `wp-content/uploads`. */
  readonly paths: ReadonlyMap<string, number>;
  /** Literal parts of what is included. */
  readonly includes: readonly string[];
  /** Attributes in use, lower case without a leading backslash: `returntypewillchange`. */
  readonly attributes: ReadonlySet<string>;
  /** The newest year that a copyright line or date in its head names. */
  readonly year?: number;
  readonly size: number;
}

const databaseWord =
  /^(mysql|mysqli|pdo_mysql|pgsql|postgres|postgresql|sqlite|sqlite3|pdo_sqlite|oci8|oracle|mariadb|mssql|sqlsrv)(:|$|:\/\/)/i;

const writablePath =
  /^\.?\/?((?:[\w-]+\/)*(?:uploads?|caches?|files|te?mp|temp|logs?|sessions?|avatars|attachments|backups?|templates_c|data))\/?$/i;
/** A setting that is called after a directory: `TempDir`, `upload_path`. */
const namesDirectory = /(?:te?mp|cache|upload|log|data|session|storage|compile|backup)\w*(?:dir|path|folder|directory)/i;
const sqlStart = /^\s*(?:select\s[\s\S]{1,300}?\sfrom\b|insert\s+into\b|update\s|delete\s+from\b|create\s+table\b|replace\s+into\b)/i;
const sqlTable =
  /^\s*(?:insert\s+into|update|delete\s+from|replace\s+into|create\s+table(?:\s+if\s+not\s+exists)?)\s+["`[{]?\$?[a-z_#]\w+/i;

/** Reads one PHP file's text into what the detectors ask about. */
export function readPhpFile(path: string, origin: Origin, source: string): PhpFile {
  const tokens = phpTokens(source);
  const names = phpNames(tokens);
  const words = new Map<string, number>();
  const databases = new Set<string>();
  const includes: string[] = [];
  const attributes = new Set<string>();
  const paths = new Map<string, number>();
  const sql = { statements: 0, tables: 0 };
  let routes = false;
  tokens.forEach((token, at) => {
    if ((token.kind === "string" || token.kind === "template") && sqlStart.test(token.text)) {
      sql.statements += 1;
      if (sqlTable.test(token.text)) sql.tables += 1;
    }
    if (token.kind === "string") {
      const text = token.text.toLowerCase();
      const path = token.text.length < 80 ? writablePath.exec(token.text)?.[1] : undefined;
      const setting = namesDirectory.test(tokens[at - 2]?.text ?? "") || namesDirectory.test(tokens[at - 3]?.text ?? "");
      // `'./tmp/'` is a path; a bare `'tmp'` may be anything.
      const isPath = path?.includes("/") === true || (setting && /^\.?\/|\/$/.test(token.text));
      if (path !== undefined && isPath) paths.set(path, token.offset);
      if (names.checksList && /^[a-z][a-z0-9_]{1,20}$/.test(text) && !words.has(text)) words.set(text, token.offset);
      const database = token.text.length < 200 ? databaseWord.exec(token.text) : null;
      if (database?.[1] !== undefined) databases.add(database[1].toLowerCase());
      if (/^(REQUEST_URI|PATH_INFO|ORIG_PATH_INFO|REDIRECT_URL)$/.test(token.text)) routes = true;
    } else if (token.kind === "attribute") {
      attributes.add(tokens[at + 1]?.text.toLowerCase().replace(/^\\/, "") ?? "");
    } else if (token.kind === "template" && /^(mysql|pgsql|sqlite):/i.test(token.text)) {
      databases.add(token.text.slice(0, token.text.indexOf(":")).toLowerCase());
    } else if (token.kind === "name" && /^(require|include)(_once)?$/i.test(token.text)) {
      for (const part of tokens.slice(at + 1, at + 12)) {
        if (part.text === ";") break;
        if (part.kind === "string") includes.push(part.text);
      }
    }
  });
  const year = newestYear(source.slice(0, 3000));
  return {
    ...names,
    ...phpValues(tokens),
    path,
    origin,
    syntax: phpSyntax(tokens),
    words,
    routes,
    databases,
    sql,
    paths,
    includes: includes.slice(0, 40),
    attributes,
    ...(year === undefined ? {} : { year }),
    size: source.length,
  };
}

/** The newest year in copyright lines and dates of a text; undefined when it names none. Years that can't be are left out. */
export function newestYear(text: string): number | undefined {
  let newest: number | undefined;
  const found = text.matchAll(
    /(?:copyright|\(c\)|©|@since|released?|version|date)[^\n]{0,60}?\b((?:19|20)\d\d)(?:\s*[-–—,]\s*((?:19|20)\d\d))?\b|\b(20\d\d)-[01]\d-[0-3]\d\b/gi,
  );
  for (const match of found) {
    for (const part of match.slice(1)) {
      const year = Number(part);
      if (year >= 1995 && year <= 2035 && year > (newest ?? 0)) newest = year;
    }
  }
  return newest;
}

/** The 1-based line of an offset. */
export function lineAt(source: string | undefined, offset: number): number | undefined {
  if (source === undefined) return undefined;
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < offset; at = source.indexOf("\n", at + 1)) line += 1;
  return line;
}
