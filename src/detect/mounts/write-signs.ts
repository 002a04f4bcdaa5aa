import type { ComposerFacts } from "../composer-facts.ts";
import { placeInTree, type ServerHint } from "../server-hints.ts";
import { baseOf, directoryOf, isWithin, joinPath, type Survey } from "../survey.ts";

/** One sign that a directory is written to. Three points make a mount. */
export interface WriteSign {
  readonly path: string;
  readonly points: number;
  readonly because: string;
  readonly file?: string;
  readonly line?: number;
}

/** Names that directories for data, caches and logs have. */
export const dataName =
  /^(_?cache|caches|tmp|temp|te?mpo?r?ary|logs?|log|uploads?|uploaded|files?|data|var|storage|sessions?|sess|templates_c|compiled?|avatars?|attachments?|media|pictures|photos?|backups?|locks?|userfiles|documents?|feed-icons|files_private|private|runtime|spool|dumps?|archives?|user|userdata|datas?|images)$/i;
/** Made by builds and package managers, never by the running site. */
const builtName =
  /(^|\/)(node_modules|vendor|dist|build|builds|bundles|coverage|\.idea|\.vscode|hot|\.phpunit[\w.-]*|composer\.phar|bower_components|\.git|\.sass-cache)(\/|$)/;
/** Results of asset builds and packages, which a mount would hide. */
const assetName =
  /^(_?assets?|css|js|static|storage|build|dist|bundles|hot|plugins|modules|themes|libraries|contrib|core|composer|bower|typings|docs?|cache|\.\w+)$/i;
const placeholder =
  /^(\.git(ignore|keep|attributes)|\.keep|\.empty|\.placeholder|empty|_dummy|\.dummy|readme(\.\w+)?|index\.html?|\.htaccess|web\.config|keep|\.nomedia|index\.php)$/i;

/** True for a directory that holds nothing but placeholders, however deep. */
export function isEmptied(survey: Survey, directory: string): boolean {
  const children = survey.children(directory);
  return children.every((child) =>
    child.kind === "directory" ? isEmptied(survey, child.path) : placeholder.test(baseOf(child.path)) && child.size < 3000,
  );
}

/** True when a directory holds code that the application runs: PHP files beyond placeholders. */
export function holdsCode(survey: Survey, directory: string): boolean {
  return survey.php.some((file) => isWithin(file.path, directory) && file.size > 300 && !placeholder.test(baseOf(file.path)));
}

const codeName =
  /^(plugins?|themes?|extensions?|skins?|modules?|templates?|addons?|controllers|views|classes|vendor|lang|languages|locales?)$/i;

/** Symlinks of distributions: `/var/lib` is data, `/var/cache` cache, `/var/log` logs. Links to code are left alone. */
export function linkSigns(survey: Survey): WriteSign[] {
  return survey.tree.entries.flatMap((entry): WriteSign[] => {
    if (entry.target === undefined || entry.kind === "file" || entry.leaves !== true || codeName.test(baseOf(entry.path))) return [];
    if (/\.\w{2,5}$/.test(entry.path) || !/(?:^|\/)(?:var\/(?:lib|cache|log|spool|tmp)|\.\.\/(?:log|cache))\//.test(entry.target))
      return [];
    if (holdsCode(survey, entry.path) && !dataName.test(baseOf(entry.path))) return [];
    return [{ path: entry.path, points: 4, because: `it is a link to ${entry.target}`, file: entry.path }];
  });
}

/** `.gitignore` files that keep a directory but none of its content, in it or at the top. */
export function ignoreSigns(survey: Survey): WriteSign[] {
  return survey.files.flatMap((file): WriteSign[] => {
    if (baseOf(file) !== ".gitignore" || survey.origin(file) === "vendor" || survey.origin(file) === "aside") return [];
    const directory = directoryOf(file);
    const lines = (survey.read(file) ?? "")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
    if (directory !== "." && lines.includes("*") && lines.every((line) => line === "*" || line.startsWith("!"))) {
      return builtName.test(directory)
        ? []
        : [{ path: directory, points: 4, because: "git keeps the directory and ignores what is in it", file }];
    }
    return lines.flatMap((line, at) =>
      unfold(survey, directory, line).flatMap((one) => ignoredDirectory(survey, { file, directory, lines, line: one, at })),
    );
  });
}

/** `sites/(any)/files/` for each directory that the star stands for. */
function unfold(survey: Survey, directory: string, line: string): string[] {
  const parts = /^\/?(.+?)\/\*\/(.+)$/.exec(line);
  if (parts?.[1] === undefined || line.startsWith("!")) return [line];
  const parent = joinPath(directory, parts[1]);
  return survey
    .children(parent)
    .filter((child) => child.kind === "directory")
    .map((child) => `${parts[1] ?? ""}/${baseOf(child.path)}/${parts[2] ?? ""}`);
}

interface Ignored {
  readonly file: string;
  readonly directory: string;
  readonly lines: readonly string[];
  readonly line: string;
  readonly at: number;
}

function ignoredDirectory(survey: Survey, { file, directory, lines, line, at }: Ignored): WriteSign[] {
  const match = /^\/?([\w.@/-]+?)\/?(\/\*{1,2})?$/.exec(line);
  const name = match?.[1];
  if (name === undefined || line.startsWith("!") || builtName.test(name)) return [];
  const path = joinPath(directory, name);
  const kept = lines.some((other) => other.startsWith("!") && other.replace(/^!\/?/, "").startsWith(`${name}/`));
  const wholly = match?.[2] !== undefined || line.endsWith("/") || dataName.test(baseOf(name));
  if (!wholly || baseOf(name).includes("*") || /\.\w{1,5}$/.test(baseOf(name))) return [];
  // Below a directory that is there, and not what a build makes.
  const content = line.endsWith("/") && name.includes("/") && survey.directories.has(directoryOf(path)) && !assetName.test(baseOf(name));
  const points = kept || content || survey.directories.has(path) || dataName.test(baseOf(name)) ? 3 : 0;
  const keepsOnly = match?.[2] !== undefined && kept;
  if (survey.directories.has(path) && holdsCode(survey, path) && !keepsOnly) return [];
  return points === 0 ? [] : [{ path, points, because: `git ignores ${line}`, file, line: at + 1 }];
}

/** Volumes and owners in container files. */
export function hintSigns(survey: Survey, hints: readonly ServerHint[]): WriteSign[] {
  return hints.flatMap((hint): WriteSign[] => {
    if (hint.kind !== "volume") return [];
    const inside = /^(?:\/var\/www\/(?:html\/)?|\/app\/|\/srv\/(?:www|app)\/|\.\/|(?!\/))(.+?)\/?$/.exec(hint.value)?.[1];
    const path = placeInTree(survey, hint.value) ?? (inside !== undefined && /^[\w][\w./-]*$/.test(inside) ? inside : undefined);
    if (
      path === undefined ||
      path === "." ||
      path === "html" ||
      /\.\w{2,4}$/.test(path) ||
      !survey.directories.has(path.split("/")[0] ?? "")
    )
      return [];
    if (holdsCode(survey, path)) return [];
    return [{ path, points: 3, because: `its own set-up says ${hint.words}`, file: hint.file, line: hint.line }];
  });
}

/** Directories whose owner or permissions let a web server write. Says nothing when the whole tree is like that. */
export function ownerSigns(survey: Survey): WriteSign[] {
  const directories = survey.tree.entries.filter((entry) => entry.kind === "directory");
  const open = directories.filter((entry) => entry.owner !== undefined || (entry.mode & 0o002) !== 0);
  const grouped = directories.filter((entry) => (entry.mode & 0o020) !== 0);
  const telling = [...(open.length < directories.length / 3 ? open : []), ...(grouped.length < directories.length / 5 ? grouped : [])];
  return [...new Set(telling)]
    .filter((entry) => !holdsCode(survey, entry.path))
    .map((entry) => ({
      path: entry.path,
      points: 3,
      because: entry.owner === undefined ? "its permissions let the web server write" : `it belongs to ${entry.owner}`,
    }));
}

/** Empty directories, and directories closed by `.htaccess`, with a name for data. */
export function nameSigns(survey: Survey): WriteSign[] {
  return [...survey.directories].flatMap((path): WriteSign[] => {
    const origin = survey.origin(joinPath(path, "x"));
    if (!dataName.test(baseOf(path)) || origin === "vendor" || origin === "aside" || path.split("/").length > 5) return [];
    const htaccess = joinPath(path, ".htaccess");
    const denied = /^\s*(?:deny\s+from\s+all|require\s+all\s+denied)/im.test(survey.read(htaccess) ?? "");
    const emptied = isEmptied(survey, path);
    if (/^images$/i.test(baseOf(path)) && !(emptied || denied)) return [];
    if (emptied) return [{ path, points: origin === "addon" ? 1 : 3, because: `it is empty and called ${baseOf(path)}` }];
    if (holdsCode(survey, path)) return [];
    return denied
      ? [{ path, points: 2, because: "its .htaccess closes it and it holds no code", file: htaccess }]
      : [{ path, points: 1, because: `it is called ${baseOf(path)} and holds no code` }];
  });
}

/** Paths that the application's code writes to or checks. */
export function codeSigns(survey: Survey, webRoot: string): WriteSign[] {
  const signs = new Map<string, WriteSign>();
  for (const file of survey.php) {
    if (file.origin !== "app" && file.origin !== "addon") continue;
    for (const write of file.writes) {
      const path = directoryWritten(survey, write.path, directoryOf(file.path), webRoot);
      if (path === undefined) continue;
      const check = /^(is_writ|check|is_dir_writ)/.test(write.call);
      const points = (check ? 2 : 1) + (dataName.test(baseOf(path)) ? 1 : 0) - (file.origin === "addon" ? 1 : 0);
      const known = signs.get(`${path} ${check}`);
      if (known !== undefined && known.points >= points) continue;
      const line = survey.line(file.path, write.offset);
      const because = check ? "the code checks that it can write there" : `the code writes there (${write.call})`;
      signs.set(`${path} ${check}`, { path, points, because, file: file.path, ...(line === undefined ? {} : { line }) });
    }
  }
  return [...signs.values()];
}

function directoryWritten(survey: Survey, literal: string, from: string, webRoot: string): string | undefined {
  const plain = literal.replace(/^(\.{0,2}\/)+/, "").replace(/\/+$/, "");
  if (!/^[\w@.-]+(\/[\w@.-]+)*$/.test(plain) || plain.length < 3) return undefined;
  for (const base of [webRoot, ".", from]) {
    for (let path = plain; path !== "."; path = directoryOf(path)) {
      const place = joinPath(base, path);
      if (survey.directories.has(place)) return place !== webRoot && !holdsCode(survey, place) ? place : undefined;
    }
  }
  return undefined;
}

/** Paths of data directories that the code or its default settings name, whether they are there yet or not. */
export function literalSigns(survey: Survey, webRoot: string): WriteSign[] {
  const found = new Map<string, { files: number; file: string; offset: number; setting: boolean }>();
  for (const file of survey.php) {
    if (file.origin !== "app") continue;
    for (const [literal, offset] of file.paths) {
      const known = found.get(literal);
      const setting = !literal.includes("/");
      found.set(literal, known === undefined ? { files: 1, file: file.path, offset, setting } : { ...known, files: known.files + 1 });
    }
  }
  return [...found].flatMap(([literal, { files, file, offset, setting }]): WriteSign[] => {
    const base = [webRoot, "."].find((each) => setting || survey.directories.has(joinPath(each, directoryOf(literal))));
    const path = base === undefined ? undefined : joinPath(base, literal);
    if (path === undefined || holdsCode(survey, path) || /^(files|data|log|uploads?)$/i.test(literal)) return [];
    const line = survey.line(file, offset);
    return [
      {
        path,
        // A default in a class of a library is not the application's setting.
        points: (setting ? /conf|setting|default|option|param/i.test(baseOf(file)) : files > 1) ? 3 : 1,
        because: setting ? "its settings name it" : `the code names it${files > 1 ? `, in ${files} files` : ""}`,
        file,
        ...(line === undefined ? {} : { line }),
      },
    ];
  });
}

/** What frameworks write to, by composer package. */
const byPackage: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(laravel\/framework|laravel\/lumen-framework)$/, ["storage", "bootstrap/cache"]],
  [/^symfony\/(framework-bundle|symfony)$/, ["var"]],
  [/^topthink\/framework$/, ["runtime"]],
  [/^cakephp\/cakephp$/, ["tmp", "logs"]],
  [/^codeigniter4\/framework$/, ["writable"]],
  [/^yiisoft\/yii2$/, ["runtime", "web/assets"]],
  [/^laminas\/laminas-mvc$/, ["data"]],
  [/^nette\/application$/, ["log", "temp"]],
];

export function packageSigns(composer: ComposerFacts): WriteSign[] {
  return Object.keys(composer.require).flatMap((name) =>
    (byPackage.find(([pattern]) => pattern.test(name))?.[1] ?? []).map((path) => ({
      path: joinPath(composer.directory, path),
      points: 4,
      because: `applications on ${name} write there`,
      ...(composer.file === undefined ? {} : { file: composer.file }),
    })),
  );
}
