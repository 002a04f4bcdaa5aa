import type { ActiveDirective, FilesScope } from "./active-directives.ts";
import { regexToGlobs } from "./regex-to-globs.ts";
import { addDeny, addLocation, notTranslated, type Place, type WebDraft } from "./web-draft.ts";

/** Words about access. */
export const accessDirectives: ReadonlySet<string> = new Set(["require", "deny", "allow", "order", "satisfy"]);

/** What the directives of one scope come to. */
interface Verdict {
  readonly place: Place;
  readonly files: FilesScope | undefined;
  denied: boolean;
  granted: boolean;
  orderDenies: boolean;
}

/** Translates `Require`, `Deny`, `Allow` and `Order` of one file to `deny` and `locations: {allow: …}`. */
export function translateAccess(directives: readonly ActiveDirective[], draft: WebDraft): void {
  const verdicts = new Map<string, Verdict>();
  for (const { directive, place, files } of directives) {
    const key = JSON.stringify(files ?? null);
    const verdict = verdicts.get(key) ?? { place, files, denied: false, granted: false, orderDenies: false };
    verdicts.set(key, verdict);
    weigh(verdict, directive.name, directive.args.join(" ").toLowerCase(), { place, draft });
  }
  const excepted = [...verdicts.values()].some((verdict) => verdict.files !== undefined && isGranted(verdict));
  for (const verdict of verdicts.values()) settle(verdict, draft, excepted);
}

function isDenied(verdict: Verdict): boolean {
  return verdict.orderDenies ? verdict.denied || !verdict.granted : verdict.denied && !verdict.granted;
}

function isGranted(verdict: Verdict): boolean {
  return verdict.granted && !isDenied(verdict);
}

function weigh(verdict: Verdict, name: string, words: string, at: { place: Place; draft: WebDraft }): void {
  if (name === "require" && words === "all denied") verdict.denied = true;
  else if (name === "require" && words === "all granted") verdict.granted = true;
  else if (name === "deny" && words === "from all") verdict.denied = true;
  else if (name === "allow" && words === "from all") verdict.granted = true;
  else if (name === "order") verdict.orderDenies = /^allow\s*,\s*deny$/.test(words);
  else if (name !== "satisfy") {
    notTranslated(
      at.draft,
      at.place,
      `\`${name} ${words}\` restricts access by address, name or user`,
      "Access by address or password is not part of the site file; protect the path in the application or in front of the site",
    );
    // Whoever was let in by exception is no reason to let everyone in.
    verdict.denied ||= name === "allow" && verdict.orderDenies;
  }
}

/** `excepted`: some files of a denied directory are let in by name, as plugins do for their styles and pictures. */
function settle(verdict: Verdict, draft: WebDraft, excepted: boolean): void {
  const { place, files } = verdict;
  const denied = isDenied(verdict);
  if (files === undefined) {
    if (denied && excepted) {
      addLocation(draft, place, { scripts: false });
      notTranslated(
        draft,
        place,
        "all but some files of this directory are denied, which a location can't say: scripts are off there, other files are served",
        "Deny the directory with `allow: false` if nothing below it is for browsers",
      );
    } else if (denied) addLocation(draft, place, { allow: false });
    else if (verdict.granted && hasDeniedParent(draft, place.dir)) addLocation(draft, place, { allow: true });
    return;
  }
  if (!denied) return;
  if (isPhpOnly(files) && place.dir !== "") {
    addLocation(draft, place, { scripts: false });
    return;
  }
  const names = fileGlobs(files);
  if (names === undefined) {
    notTranslated(
      draft,
      place,
      `the names that \`${files.pattern}\` denies can't be said as patterns`,
      "Add the names to spec.web.deny by hand; dot files, backups, dumps and composer files are never served anyway",
    );
    return;
  }
  addDeny(
    draft,
    place,
    names.filter((glob) => !isBuiltIn(glob)).map((glob) => (place.dir === "" ? glob : `${place.dir}/**/${glob}`)),
  );
}

function hasDeniedParent(draft: WebDraft, dir: string): boolean {
  return [...draft.locations].some(([path, location]) => location.allow === false && (path === "/" || dir.startsWith(`${path}/`)));
}

/** `\.php$` and its kin in a directory of uploads mean: no scripts here. */
export function isPhpOnly(files: FilesScope): boolean {
  if (files.kind === "glob") return /^\*\.ph(p|tml|ar)$/i.test(files.pattern);
  const pattern = files.pattern.replace(/^\(\?i\)/, "");
  return (
    !pattern.startsWith("^") &&
    /^[\\.()?:|*$+ps0-9a-z[\]-]*$/i.test(pattern) &&
    /\\?\.[(?:]*ph/i.test(pattern) &&
    !/js|css|html?\b/.test(pattern.replaceAll(/phtml|phps?/gi, ""))
  );
}

function fileGlobs(files: FilesScope): readonly string[] | undefined {
  if (files.kind === "glob") {
    const glob = files.pattern.replaceAll("?", "*");
    return /^[A-Za-z0-9._~*-]+$/.test(glob) ? [glob] : undefined;
  }
  return regexToGlobs(files.pattern.replace(/^\(\?i\)/, ""))?.map((glob) => glob.replace(/^\*\*\//, "").replaceAll("**", "*"));
}

/**
 * True for names that Howdah never serves in any site, so that a site file need not repeat them: a part of the list in
 * render/nginx/protected-names.ts (dot files, backups, dumps, package managers' files).
 */
export function isBuiltIn(glob: string): boolean {
  return /^\.|~$|\.(bak|orig|save|sw[op]|sql|inc|sh|ya?ml)$|^(composer\.(json|lock)|package\.json|yarn\.lock|web\.config)$/.test(glob);
}
