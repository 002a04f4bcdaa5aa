import { type PhpVersion, phpVersions } from "../../catalog/php-versions.ts";
import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import { type Finding, treeDiagnostic } from "../finding.ts";
import { versionNumber } from "../php-constraint.ts";
import type { ServerHint } from "../server-hints.ts";
import type { Survey } from "../survey.ts";
import { codeAge } from "./code-age.ts";
import { awareness, guessNewest } from "./guess-newest.ts";
import { composerBounds, type EndMark, endBounds, endMarks, syntaxBounds, testedBounds, type VersionBound } from "./version-bounds.ts";

/** What decides the PHP version. */
export interface PhpQuestion {
  readonly survey: Survey;
  readonly composer: ComposerFacts;
  readonly hints: readonly ServerHint[];
  /** What a recipe knows, inclusive. */
  readonly recipe?: { readonly min?: string; readonly max?: string; readonly because: string } | undefined;
  /** True when a version has all extensions that the code can't do without. */
  readonly hasExtensions: (version: PhpVersion) => boolean;
}

const order: Readonly<Record<VersionBound["strength"], number>> = { declared: 0, needed: 1, packages: 2, code: 3 };

function recipeBound(recipe: PhpQuestion["recipe"]): VersionBound[] {
  if (recipe === undefined) return [];
  const min = versionNumber(recipe.min ?? "0") ?? 0;
  const max = recipe.max === undefined ? Number.POSITIVE_INFINITY : (versionNumber(recipe.max) ?? 0) + 999;
  const fits = phpVersions.filter((version) => {
    const own = versionNumber(version) ?? 0;
    return own + 999 >= min && own <= max;
  });
  return [{ fits, because: recipe.because, confidence: "certain", strength: "declared" }];
}

interface Settled {
  readonly allowed: readonly PhpVersion[];
  readonly kept: readonly VersionBound[];
  readonly dropped: readonly VersionBound[];
}

/** Applies the bounds, strongest first; one that would leave nothing is put aside. */
function settle(bounds: readonly VersionBound[]): Settled {
  let allowed: readonly PhpVersion[] = phpVersions;
  const kept: VersionBound[] = [];
  const dropped: VersionBound[] = [];
  for (const bound of [...bounds].sort((a, b) => order[a.strength] - order[b.strength])) {
    const next = allowed.filter((version) => bound.fits.includes(version));
    if (next.length === 0) dropped.push(bound);
    else {
      kept.push(bound);
      allowed = next;
    }
  }
  return { allowed, kept, dropped };
}

/** The version of a hint among those that are allowed: itself, or the next newer one. */
function nearest(wanted: string, allowed: readonly PhpVersion[]): PhpVersion | undefined {
  const target = versionNumber(wanted) ?? 0;
  return allowed.find((version) => (versionNumber(version) ?? 0) >= target) ?? allowed.at(-1);
}

function hinted(
  question: PhpQuestion,
  allowed: readonly PhpVersion[],
): { readonly version: PhpVersion; readonly hint: ServerHint } | undefined {
  const known = question.hints.filter((hint) => hint.kind === "php" && /^(5|7|8)\.\d$/.test(hint.value));
  const continuous = /(gitlab-ci|travis|workflows)/;
  const image = known.find((hint) => !continuous.test(hint.file));
  const newest = [...known].sort((a, b) => (versionNumber(b.value) ?? 0) - (versionNumber(a.value) ?? 0))[0];
  const hint = image ?? newest;
  const version = hint === undefined ? undefined : nearest(hint.value, allowed);
  return hint === undefined || version === undefined ? undefined : { version, hint };
}

/** Chooses the PHP version: the highest that fits everything declared, but not newer than old code can bear. */
export function choosePhp(question: PhpQuestion): Finding<PhpVersion> {
  const { survey, composer } = question;
  const age = codeAge(survey, composer);
  const marks = endMarks(survey);
  const aware = awareness(survey).version >= 8 || /8\./.test(composer.require["php"] ?? "") || (age?.year ?? 0) >= 2022;
  const ended = endBounds(survey, marks, aware);
  const declared = [...recipeBound(question.recipe), ...composerBounds(survey, composer, age), ...testedBounds(survey)];
  const bounds = [...declared, ...syntaxBounds(survey), ...ended];
  const { allowed, kept, dropped } = settle(bounds);
  const withExtensions = allowed.filter(question.hasExtensions);
  const open = withExtensions.length > 0 ? withExtensions : allowed;
  const hint = hinted(question, open);
  const guess = guessNewest({ survey, composer, age, hasEnded: ended.length > 0, minimum: lowest(declared) });
  const capped = [...open].reverse().find((version) => Number(version) <= guess.cap) ?? open[0] ?? "8.4";
  const version = hint?.version ?? (question.recipe?.max === undefined ? capped : (open.at(-1) ?? capped));
  const evidence: Evidence[] = kept
    .filter((bound) => bound.fits.length < phpVersions.length || bound.strength === "declared")
    .slice(0, 8)
    .map(({ because, file, line, confidence }) => ({
      field: "spec.runtime.php",
      value: version,
      because,
      confidence,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
    }));
  if (hint !== undefined) {
    evidence.push({
      field: "spec.runtime.php",
      value: version,
      because: `its own set-up says ${hint.hint.words}`,
      file: hint.hint.file,
      line: hint.hint.line,
      confidence: "likely",
    });
  } else if (open.length > 1 && question.recipe?.max === undefined) {
    evidence.push({
      field: "spec.runtime.php",
      value: version,
      because: guess.because,
      ...(guess.file === undefined ? {} : { file: guess.file }),
      confidence: "guess",
    });
  }
  return { value: version, evidence, diagnostics: warnings(version, dropped, marks, survey) };
}

/** The lowest version that is declared, as a number; 0 when none is. */
function lowest(declared: readonly VersionBound[]): number {
  return Math.max(0, ...declared.filter((bound) => bound.strength === "declared").map((bound) => bound.minimum ?? 0));
}

function warnings(
  version: PhpVersion,
  dropped: readonly VersionBound[],
  marks: readonly EndMark[],
  survey: Survey,
): Finding<never>["diagnostics"] {
  const conflicts = dropped.slice(0, 3).map((bound) =>
    treeDiagnostic("php-conflict", "warning", `PHP ${version} was chosen although ${bound.because}`, {
      path: ["spec", "runtime", "php"],
      hint: "Check that the application works, or choose another version in spec.runtime.php.",
      ...(bound.file === undefined ? {} : { file: bound.file }),
    }),
  );
  const gone = marks.filter((mark) => Number(mark.version) <= Number(version));
  const first = gone[0];
  if (first === undefined) return conflicts;
  const line = survey.line(first.file.path, first.offset);
  const files = new Set(gone.map((mark) => mark.file.path)).size;
  return [
    ...conflicts,
    treeDiagnostic(
      "php-removed",
      "warning",
      `The code uses what PHP ${version} no longer has: ${first.what}${files > 1 ? ` and more, in ${files} files` : ""}`,
      {
        path: ["spec", "runtime", "php"],
        hint: "That part of the application will fail if it runs; look for a newer version of it.",
        file: first.file.path,
        ...(line === undefined ? {} : { line }),
      },
    ),
  ];
}
