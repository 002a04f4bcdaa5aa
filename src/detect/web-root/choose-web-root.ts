import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import { type Finding, treeDiagnostic } from "../finding.ts";
import { placeInTree, type ServerHint } from "../server-hints.ts";
import { baseOf, directoryOf, isWithin, joinPath, type Survey } from "../survey.ts";

/** Names that a web root often has, best first. */
const usualNames = "public public_html web htdocs docroot pub www httpdocs webroot html p site wwwroot upload".split(" ");
/** Directories that have an index file but are never what visitors enter by. */
const innerNames = new Set(
  "install installer installation setup admin administrator api docs doc documentation example examples test tests update upgrade error errors skin skins theme themes template templates assets images img css js data cache tmp temp config conf include includes inc lib libs library languages lang locale upload uploads media files plugins modules extensions bin scripts src app system core vendor node_modules storage demo mobile help manual static dist build".split(
    " ",
  ),
);

interface Candidate {
  readonly path: string;
  readonly score: number;
  readonly because: string;
  readonly file?: string;
  readonly line?: number;
  readonly confidence: Evidence["confidence"];
}

/** True for the index files that programs put into every directory to hide listings: nearly empty, or only a redirect. */
export function isStub(survey: Survey, path: string): boolean {
  const size = survey.entry(path)?.size ?? 0;
  if (size > 700) return false;
  const text = survey.read(path) ?? "";
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|^\s*(?:\/\/|#).*$/gm, "")
    .replaceAll(/<\?php|\?>|<\/?(?:html|head|body|title|!doctype)[^>]*>/gi, "")
    .trim();
  if (code.length < 30) return !/\b(?:require|include)/.test(code);
  if (/\b(?:require|include)(?:_once)?\b/.test(code)) return false;
  return (
    /^(?:[\s;]*(?:header\s*\(|exit|die|http_response_code|defined\s*\()[^;]*;?)+$/i.test(code) || /http-equiv=["']?refresh/i.test(text)
  );
}

/** The index file of a directory that visitors would get, without stubs. */
export function indexOf(survey: Survey, directory: string): string | undefined {
  for (const name of ["index.php", "index.html", "index.htm", "index.phtml", "index.xhtml", "app.php"]) {
    const path = joinPath(directory, name);
    if (survey.entry(path) !== undefined && survey.entry(path)?.kind !== "directory" && !isStub(survey, path)) return path;
  }
  return undefined;
}

function refersUp(survey: Survey, index: string): boolean {
  const text = survey.read(index) ?? "";
  return /\.\.\/|dirname\(\s*(?:__DIR__|dirname\(|__FILE__\s*\)\s*\))|dirname\(__FILE__,\s*2\)|dirname\(__DIR__,/.test(text);
}

function denies(survey: Survey, directory: string): boolean {
  const text = survey.read(joinPath(directory, ".htaccess")) ?? "";
  return /^\s*(?:deny\s+from\s+all|require\s+all\s+denied)/im.test(text) && !/<Files/i.test(text);
}

function score(survey: Survey, directory: string, index: string): number {
  const name = baseOf(directory).toLowerCase();
  const usual = usualNames.indexOf(name);
  const depth = directory === "." ? 0 : directory.split("/").length;
  const names = new Set(survey.children(directory).map((entry) => baseOf(entry.path).toLowerCase()));
  const assets = ["css", "js", "img", "images", "assets", "themes", "skins", "static", "robots.txt", "favicon.ico", ".htaccess"].filter(
    (each) => names.has(each),
  );
  let points = !baseOf(index).startsWith("index.") ? 12 : isStub(survey, index) ? 15 : index.endsWith(".php") ? 30 : 10;
  if (directory === ".") points += 45;
  else if (usual !== -1) points += 35 - usual;
  if (directory !== "." && refersUp(survey, index)) points += usual !== -1 ? 40 : 10;
  if (directory !== "." && innerNames.has(name) && usual === -1) points -= 50;
  if (
    directory
      .split("/")
      .slice(0, -1)
      .some((part) => innerNames.has(part.toLowerCase()))
  )
    points -= 30;
  if (denies(survey, directory)) points -= 80;
  return points + Math.min(15, assets.length * 4) - Math.max(0, depth - 1) * 12;
}

/** At the top, a redirect below or a script that is not called index is an entry, too. */
function topEntry(survey: Survey): string | undefined {
  const redirect = ["index.php", "index.html"].find((path) =>
    /(?:location:\s*|url=)(?!\/|https?:|\.\.)[\w./-]+\.(?:php|html)/i.test(survey.read(path) ?? ""),
  );
  if (redirect !== undefined) return redirect;
  return survey.php.find(
    (file) =>
      /^[\w-]+\.php$/.test(file.path) &&
      !isStub(survey, file.path) &&
      !/config|settings|rector|autoload|scoper|ecs|server\.php|\.inc/i.test(file.path),
  )?.path;
}

function fromTree(survey: Survey): Candidate[] {
  const directories = [".", ...survey.directories].filter((directory) => {
    const depth = directory === "." ? 0 : directory.split("/").length;
    return depth <= 5 && !["vendor", "aside"].includes(survey.origin(joinPath(directory, "x")));
  });
  return directories.flatMap((directory): Candidate[] => {
    const index = indexOf(survey, directory) ?? (directory === "." ? topEntry(survey) : undefined);
    if (index === undefined) return [];
    const usual = usualNames.includes(baseOf(directory).toLowerCase());
    const because =
      directory === "."
        ? `${baseOf(index)} lies at the top`
        : refersUp(survey, index)
          ? `${index} is the entry and loads code from above`
          : `${index} is the entry`;
    return [
      {
        path: directory,
        score: score(survey, directory, index),
        because,
        file: index,
        confidence: usual || directory === "." ? "likely" : "guess",
      },
    ];
  });
}

function fromHints(survey: Survey, hints: readonly ServerHint[]): Candidate[] {
  return hints.flatMap((hint): Candidate[] => {
    if (hint.kind !== "web-root") return [];
    const place = placeInTree(survey, hint.value, directoryOf(hint.file)) ?? placeInTree(survey, hint.value);
    const path = place ?? (/^(?:\.?\/?|\/var\/www\/html\/?|\/app\/?)$/.test(hint.value) ? "." : undefined);
    if (path === undefined || indexOf(survey, path) === undefined || innerNames.has(baseOf(path))) return [];
    return [{ path, score: 45, because: `its own set-up says ${hint.words}`, file: hint.file, line: hint.line, confidence: "likely" }];
  });
}

function fromComposer(composer: ComposerFacts): Candidate[] {
  return composer.webRoots.map(({ path, key }) => ({
    path,
    score: 200,
    because: `composer.json says so in ${key}`,
    confidence: "certain",
    ...(composer.file === undefined ? {} : { file: composer.file }),
  }));
}

/** A tree without any index file: the directory nearest to the top that has scripts or pages of its own. */
function fallback(survey: Survey): Candidate {
  const pages = survey.files.filter((file) => /\.(php|html?)$/i.test(file) && survey.origin(file) === "app");
  const nearest = [...pages].sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1))[0];
  const path = nearest === undefined ? "." : directoryOf(nearest);
  return {
    path,
    score: 0,
    because: nearest === undefined ? "nothing in the tree looks like a page" : `${baseOf(nearest)} is the page nearest to the top`,
    ...(nearest === undefined ? {} : { file: nearest }),
    confidence: "guess",
  };
}

/** Chooses the directory that browsers may reach, from composer's `extra`, set-up files, and where entry scripts lie. */
export function chooseWebRoot(survey: Survey, composer: ComposerFacts, hints: readonly ServerHint[]): Finding<string> {
  const candidates = [...fromComposer(composer), ...fromHints(survey, hints), ...fromTree(survey)];
  const totals = new Map<string, number>();
  for (const each of candidates) totals.set(each.path, Math.max(totals.get(each.path) ?? 0, 0) + each.score);
  // Several hints of the same kind are one hint.
  for (const path of totals.keys()) {
    const own = candidates.filter((each) => each.path === path);
    const best = Math.max(...own.filter((each) => each.score === 45).map((each) => each.score), 0);
    totals.set(path, best + own.filter((each) => each.score !== 45).reduce((sum, each) => sum + each.score, 0));
  }
  const ranked = [...candidates].sort(
    (a, b) => (totals.get(b.path) ?? 0) - (totals.get(a.path) ?? 0) || a.path.length - b.path.length || b.score - a.score,
  );
  const chosen = ranked[0] ?? fallback(survey);
  const reasons = candidates.filter((each) => each.path === chosen.path).slice(0, 3);
  const evidence = (reasons.length > 0 ? reasons : [chosen]).map(
    ({ because, file, line, confidence }): Evidence => ({
      field: "spec.web.root",
      value: chosen.path,
      because,
      confidence,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
    }),
  );
  return { value: chosen.path, evidence, diagnostics: rivals(chosen, ranked, totals) };
}

function rivals(chosen: Candidate, ranked: readonly Candidate[], totals: ReadonlyMap<string, number>): Finding<string>["diagnostics"] {
  const second = ranked.find((each) => each.path !== chosen.path && !isWithin(each.path, chosen.path));
  if (second === undefined || (totals.get(chosen.path) ?? 0) - (totals.get(second.path) ?? 0) > 10) return [];
  return [
    treeDiagnostic("web-root-unsure", "warning", `The web root could also be ${second.path}: ${second.because}`, {
      path: ["spec", "web", "root"],
      hint: "Set spec.web.root if the site shows the wrong directory.",
      ...(second.file === undefined ? {} : { file: second.file }),
    }),
  ];
}
