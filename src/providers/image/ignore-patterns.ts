/** Says whether a path of the tree stays out of images. `path` is relative, without a slash at the end. */
export type Ignore = (path: string, isDirectory: boolean) => boolean;

interface Rule {
  readonly matches: RegExp;
  readonly directoriesOnly: boolean;
  readonly negated: boolean;
}

/**
 * What never goes into an image: version control, secrets, dumps, Howdah's own files and what editors leave. A tree's own ignore file can take
 * a file back with `!`, except for version control.
 * SQL files stay, as installers read their schema from them; those named like a dump, and compressed ones, do not.
 */
export const neverInImages: readonly string[] = [
  ".env",
  ".env.local",
  ".env.*.local",
  ".env.production",
  ".env.prod",
  ".env.staging",
  ".env.bak",
  ".env.backup",
  ".env.old",
  ".htpasswd",
  ".netrc",
  ".npmrc",
  ".my.cnf",
  ".pgpass",
  ".git-credentials",
  ".aws/",
  ".ssh/",
  "/auth.json",
  "/howdah.yaml",
  "/howdah.yaml.*",
  "/howdah.lock",
  ".howdahignore",
  ".dockerignore",
  ".DS_Store",
  "Thumbs.db",
  "*.swp",
  "*~",
  "*.php.bak",
  "*.php.old",
  "*.php.orig",
  "*.php.save",
  "wp-config.php.*",
  "wp-config*backup*",
  ".idea/",
  ".vscode/",
  "*.dump",
  "*dump*.sql",
  "*backup*.sql",
  "*.sql.gz",
  "*.sql.bz2",
  "*.sql.xz",
  "*.sql.zst",
  "*.sql.zip",
  "id_rsa",
  "id_ecdsa",
  "id_ed25519",
];

const versionControl = /(^|\/)\.(git|svn|hg|bzr)(\/|$)/;

/** Reads patterns in the notation of `.gitignore`; the last one that matches decides. A file below an ignored directory is never asked about. */
export function parseIgnore(patterns: readonly string[]): Ignore {
  const rules = patterns.flatMap((line) => {
    const rule = parseRule(line);
    return rule === undefined ? [] : [rule];
  });
  return (path, isDirectory) => {
    if (versionControl.test(path)) return true;
    let ignored = false;
    for (const rule of rules) {
      if (rule.directoriesOnly && !isDirectory) continue;
      if (rule.matches.test(path)) ignored = !rule.negated;
    }
    return ignored;
  };
}

/** The lines of an ignore file that are patterns. */
export function ignoreLines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/\r$/, "").replace(/(?<!\\)\s+$/, ""))
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function parseRule(line: string): Rule | undefined {
  const negated = line.startsWith("!");
  let pattern = negated ? line.slice(1) : line;
  const directoriesOnly = pattern.endsWith("/");
  pattern = pattern.replace(/\/+$/, "").replace(/^\\([!#])/, "$1");
  if (pattern === "" || pattern.length > 1000) return undefined;
  const anchored = pattern.includes("/");
  const body = globBody(pattern.replace(/^\/+/, "").replace(/^\.\//, ""));
  return { matches: new RegExp(`^${anchored ? "" : "(?:.*/)?"}${body}$`), directoriesOnly, negated };
}

/** `*` and `?` stop at slashes, `**` does not. Every other character stands for itself, so that a pattern can't run away. */
function globBody(pattern: string): string {
  let body = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    if (rest.startsWith("**/")) {
      body += "(?:[^/]+/)*";
      at += 2;
    } else if (rest.startsWith("**")) {
      body += ".*";
      at += 1;
    } else if (rest.startsWith("*")) {
      if (!body.endsWith("[^/]*")) body += "[^/]*";
    } else if (rest.startsWith("?")) body += "[^/]";
    else {
      const set = /^\[(!?)([^\]/]+)\]/.exec(rest);
      if (set !== null) {
        body += `[${set[1] === "!" ? "^" : ""}${(set[2] ?? "").replace(/[\\^[\]]/g, "\\$&")}]`;
        at += set[0].length - 1;
      } else if (rest.startsWith("\\") && rest.length > 1) {
        body += escaped(rest.charAt(1));
        at += 1;
      } else body += escaped(rest.charAt(0));
    }
  }
  return body;
}

function escaped(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
