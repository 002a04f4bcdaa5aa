import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import type { Finding } from "../finding.ts";
import type { ServerHint } from "../server-hints.ts";
import { baseOf, directoryOf, isWithin, joinPath, type Survey } from "../survey.ts";
import {
  codeSigns,
  dataName,
  hintSigns,
  holdsCode,
  ignoreSigns,
  linkSigns,
  literalSigns,
  nameSigns,
  ownerSigns,
  packageSigns,
  type WriteSign,
} from "./write-signs.ts";

/** A writable path of the proposed site, as in the file. */
export interface ProposedMount {
  readonly storage: "shared" | "local";
  readonly size?: string;
  readonly served?: false;
}

const localName = /^(?:.*[-_.])?(?:caches?|tmp|temp|te?mpo?r?ary|logs?|templates_c|compiled?|locks?|runtime)$/i;
const hiddenName =
  /^(?:.*[-_.])?(?:tmp|temp|logs?|sessions?|sess|templates_c|compiled?|data|private|files_private|backups?|locks?|var|db|database|spool|storage|runtime)$/i;
const grammar = /^(?!\/)(?!.*(^|\/)\.{1,2}(\/|$))[^\s"'\\$`;{}*?<>|]{1,200}$/;

/**
 * A directory with a name for data, without code and with two or more writable directories is one mount: its other children are
 * most likely written, too, and losing them would be losing somebody's pages.
 */
function joinSiblings(survey: Survey, paths: readonly string[]): string[] {
  const merged = new Set(paths);
  for (const parent of new Set(paths.map(directoryOf))) {
    if (parent === "." || merged.has(parent) || !dataName.test(baseOf(parent)) || holdsCode(survey, parent)) continue;
    const directories = survey.children(parent).filter((child) => child.kind === "directory");
    const own = directories.filter((child) => merged.has(child.path));
    if (own.length >= 2) merged.add(parent);
  }
  return [...merged].filter((path) => ![...merged].some((other) => other !== path && isWithin(path, other))).sort();
}

function denied(survey: Survey, path: string): boolean {
  return /^\s*(?:deny\s+from\s+all|require\s+all\s+denied)/im.test(survey.read(joinPath(path, ".htaccess")) ?? "");
}

function mountOf(survey: Survey, path: string, webRoot: string): ProposedMount {
  const target = survey.entry(path)?.target ?? "";
  const storage = localName.test(baseOf(path)) || /(^|\/)(var\/(cache|log|tmp)|\.\.\/(log|cache))\//.test(target) ? "local" : "shared";
  const inside = isWithin(path, webRoot);
  const hidden = inside && (hiddenName.test(baseOf(path)) || denied(survey, path));
  return { storage, ...(hidden ? { served: false as const } : {}) };
}

/** Finds the directories that the application writes to, from all kinds of signs together. */
export function chooseMounts(
  survey: Survey,
  composer: ComposerFacts,
  hints: readonly ServerHint[],
  webRoot: string,
): Finding<Readonly<Record<string, ProposedMount>>> {
  const signs: WriteSign[] = [
    ...linkSigns(survey),
    ...ignoreSigns(survey),
    ...packageSigns(composer),
    ...hintSigns(survey, hints),
    ...ownerSigns(survey),
    ...codeSigns(survey, webRoot),
    ...literalSigns(survey, webRoot),
    ...nameSigns(survey),
  ];
  const byPath = new Map<string, WriteSign[]>();
  for (const sign of signs) {
    const unfit =
      sign.path === "." ||
      sign.path === webRoot ||
      !grammar.test(sign.path) ||
      isWithin(sign.path, composer.vendorDirectory) ||
      isWithin(webRoot, sign.path);
    if (!unfit) byPath.set(sign.path, [...(byPath.get(sign.path) ?? []), sign]);
  }
  const strong = [...byPath].filter(([, own]) => own.reduce((sum, sign) => sum + sign.points, 0) >= 3).map(([path]) => path);
  // A directory that is only known by its name gives way to what lies in it and is known for better reasons.
  const byName = (path: string): boolean =>
    (byPath.get(path) ?? []).every((sign) => sign.because.startsWith("it is empty") || sign.because.startsWith("it is called"));
  const exact = strong.filter(
    (path) => !byName(path) || !strong.some((other) => other !== path && isWithin(other, path) && !byName(other)),
  );
  const chosen = joinSiblings(survey, exact).slice(0, 30);
  const evidence = chosen.flatMap((path) => evidenceOf(path, byPath));
  return { value: Object.fromEntries(chosen.map((path) => [path, mountOf(survey, path, webRoot)])), evidence, diagnostics: [] };
}

function evidenceOf(path: string, byPath: ReadonlyMap<string, readonly WriteSign[]>): Evidence[] {
  const own = byPath.get(path) ?? [...byPath].filter(([other]) => isWithin(other, path)).flatMap(([, signs]) => signs);
  return [...own]
    .sort((a, b) => b.points - a.points)
    .slice(0, 2)
    .map((sign) => ({
      field: `spec.mounts.${path}`,
      value: path,
      because: sign.because,
      confidence: sign.points >= 4 ? "certain" : sign.points >= 2 ? "likely" : "guess",
      ...(sign.file === undefined ? {} : { file: sign.file }),
      ...(sign.line === undefined ? {} : { line: sign.line }),
    }));
}
