import { HowdahError } from "../../kernel/howdah-error.ts";
import { riskyRegex } from "../../kernel/risky-regex.ts";
import { block, type Directive, directive } from "./directive.ts";

/** Names that are never served, as expressions on the URL path without regard to case. What PHP runs is decided elsewhere. */
const HIDDEN: readonly string[] = [
  // Dot files and directories: .git, .env, .htaccess, .user.ini; the registered public directory is the exception.
  String.raw`(?:^|/)\.(?!well-known(?:/|$))`,
  // Whatever a server might take for PHP, or show as its source: x.PHP, x.phtml, x.php5, x.php.jpg, "x.php ", x.php~ (M10).
  String.raw`\.ph(?:p|t|ar)[^/]*$`,
  // Code and templates of applications with suffixes of their own.
  String.raw`\.(?:inc|module|install|engine|theme|profile|make|twig|latte|ctp|class|xtmpl|pl|rb|cgi|asp|aspx|jsp)$`,
  // Editors' and administrators' leftovers.
  String.raw`(?:~|#|\.(?:bak|backup|old|orig|original|save|sav|sw[a-z]|tmp|temp|copy|dist|rej|howdah-new)\d*)$`,
  // Dumps, databases, logs, keys.
  String.raw`\.(?:sql|sqlite3?|db|dump|mdb|log|pem|kdbx|ppk)(?:\.(?:gz|bz2|xz|zst|zip|7z|\d+))?$`,
  // Configuration.
  String.raw`\.(?:ini|cnf|cfg|conf|ya?ml|toml|neon|env|lock|sh|bash|htaccess|htpasswd)(?:\.(?:example|sample|local|prod|dev))?$`,
  // Files of package managers, builders and of ourselves.
  String.raw`(?:^|/)(?:composer\.(?:json|lock|phar)|package(?:-lock)?\.json|auth\.json|bower\.json|yarn\.lock|pnpm-lock\.yaml|(?:Grunt|gulp)file\.js|webpack[^/]*\.js|web\.config|phpunit[^/]*\.xml[^/]*|phpcs[^/]*\.xml[^/]*|phpstan[^/]*|Dockerfile[^/]*|Containerfile|Makefile|Vagrantfile|Procfile|Jenkinsfile|artisan|error_log|CVS|id_[a-z0-9]+|howdah\.ya?ml)(?:/|$)`,
];

/** A URL path that no file has: what is hidden is looked up here instead. */
const NOWHERE = "/.howdah-hidden";

/** Variable that is not empty when the path is one of the site's `deny` list. */
export const DENIED = "$howdah_denied";
/** Variable that is not empty when the path has a name that is never served as a file. */
export const HIDDEN_NAME = "$howdah_hidden";
/** Variable with the path to look for among files: the URL path, or nowhere for hidden names. */
export const FILE = "$howdah_file";
/** Variable that is not empty when the path holds control characters, which split headers and confuse logs. */
export const BAD_PATH = "$howdah_bad_path";

/** The maps behind those variables. They are volatile: a rewrite changes the path, and the judgement with it. */
export function renderProtection(deny: readonly string[]): readonly Directive[] {
  const map = (variable: string, standard: string, rows: readonly Directive[]): Directive =>
    block("map", ["$uri", variable], [directive("volatile"), directive("default", standard), ...rows]);
  // PATH_INFO of a script may look like anything: `/index.php/Php.ini` is a page of a wiki. Nothing of that shape is sent as a file.
  const pathInfo = String.raw`~[^/]\.php/`;
  return [
    map(BAD_PATH, "", [directive(String.raw`~[\x00-\x1f\x7f]`, "1")]),
    map(
      DENIED,
      "",
      deny.map((pattern) => directive(denyExpression(pattern), "1")),
    ),
    map(HIDDEN_NAME, "", [directive(pathInfo, ""), ...HIDDEN.map((expression) => directive(`~*${expression}`, "1"))]),
    map(FILE, "$uri", [directive(pathInfo, NOWHERE), ...HIDDEN.map((expression) => directive(`~*${expression}`, NOWHERE))]),
  ];
}

/** Everything that is never sent as a file, as regular expressions on URL paths: the protected names and the site's own list. */
export function hiddenPaths(deny: readonly string[]): readonly { readonly pattern: string; readonly anyCase: boolean }[] {
  return [
    ...HIDDEN.map((pattern) => ({ pattern, anyCase: true })),
    ...deny.map(denyExpression).map((expression) => ({ pattern: expression.replace(/^~\*?/, ""), anyCase: expression.startsWith("~*") })),
  ];
}

/**
 * A pattern of `spec.web.deny` as a map's expression. `/config` is a path with all below it; `*.sql` is a name at any depth, in any case.
 * `*` stays within one segment, `**` does not. Fails with `render/unsafe` when it would be slow on hostile URLs.
 */
export function denyExpression(pattern: string): string {
  const isPath = pattern.startsWith("/");
  const body = pattern
    .replace(/\/+$/, "")
    .replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*\*\/|\*+/g, (stars) => (stars === "**/" ? "(?:.*/)?" : stars === "*" ? "[^/]*" : ".*"));
  const expression = `${isPath ? "^" : "(?:^|/)"}${body}${pattern.endsWith("**") ? "" : "(?:/|$)"}`;
  const risk = riskyRegex(expression);
  if (risk !== undefined) throw new HowdahError("render/unsafe", `The deny pattern ${JSON.stringify(pattern)} is refused: ${risk}`);
  return `${isPath ? "~" : "~*"}${expression}`;
}
