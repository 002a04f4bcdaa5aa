import type { PhpVersion } from "../../catalog/php-versions.ts";
import { phpVersions } from "../../catalog/php-versions.ts";
import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import { allows, minorRange, parseConstraint, versionNumber } from "../php-constraint.ts";
import type { PhpFile } from "../php-file.ts";
import type { Survey } from "../survey.ts";
import type { CodeAge } from "./code-age.ts";
import { removedFunctions } from "./removed-functions.ts";

/** One reason why only some PHP versions fit. */
export interface VersionBound {
  /** The versions that fit. */
  readonly fits: readonly PhpVersion[];
  readonly because: string;
  readonly file?: string;
  readonly line?: number;
  readonly confidence: Evidence["confidence"];
  /** `declared` wins over `packages`, those over `code`: what is dropped first when nothing fits all. */
  readonly strength: "declared" | "packages" | "needed" | "code";
  /** The lowest version that fits, as a number, when one is named. */
  readonly minimum?: number;
}

function from(min: string): PhpVersion[] {
  const wanted = versionNumber(min) ?? 0;
  return phpVersions.filter((version) => minorRange(version).max > wanted);
}

function before(max: string, inclusive = false): PhpVersion[] {
  const wanted = versionNumber(max) ?? Number.POSITIVE_INFINITY;
  return phpVersions.filter((version) => (inclusive ? minorRange(version).min <= wanted : minorRange(version).min < wanted));
}

function lineOf(survey: Survey, path: string, pattern: RegExp): number | undefined {
  const text = survey.read(path);
  const at = text === undefined ? -1 : text.search(pattern);
  return at === -1 ? undefined : survey.line(path, at + 1);
}

/** What composer's files declare about PHP. */
export function composerBounds(survey: Survey, composer: ComposerFacts, age: CodeAge | undefined): VersionBound[] {
  const bounds: VersionBound[] = [];
  const add = (
    constraint: string,
    because: string,
    file: string | undefined,
    strength: VersionBound["strength"],
    pattern?: RegExp,
  ): void => {
    const line = file === undefined || pattern === undefined ? undefined : lineOf(survey, file, pattern);
    const fits = phpVersions.filter((version) => allows(constraint, version));
    bounds.push({
      fits,
      because,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      confidence: "certain",
      strength,
      minimum: Math.min(...(parseConstraint(constraint) ?? [{ min: 0, max: 0 }]).map((range) => range.min)),
    });
  };
  const php = composer.require["php"] ?? composer.require["php-64bit"];
  if (php !== undefined) add(php, `composer.json asks for ${php}`, composer.file, "declared", /"php(-64bit)?"\s*:/);
  if (composer.platformPhp !== undefined) {
    add(
      `>=${composer.platformPhp}`,
      `composer.json resolves its packages for PHP ${composer.platformPhp}`,
      composer.file,
      "declared",
      /"platform"\s*:/,
    );
  }
  if (composer.platformCheck !== undefined) {
    const { version, file } = composer.platformCheck;
    add(`>=${version}`, `composer's platform check refuses PHP below ${version}`, file, "packages");
  }
  for (const each of composer.packages) {
    const constraint = each.require["php"];
    if (constraint === undefined || phpVersions.every((version) => allows(constraint, version))) continue;
    // Installed packages that stop at PHP 7 on paper are often used with PHP 8 (distributions mend them); a lock file is strict.
    const onlyOld = !allows(constraint, "8.2") && !allows(constraint, "8.4");
    if (composer.lockFile === undefined && onlyOld && (age?.year ?? 0) >= 2022) continue;
    add(constraint, `${each.name} ${each.version} asks for ${constraint}`, composer.packagesFile, "packages");
  }
  return bounds;
}

/** Version constants and tests in the application's own code: `$required_php_version`, `version_compare(PHP_VERSION, ...)` with an exit. */
export function testedBounds(survey: Survey): VersionBound[] {
  const bounds: VersionBound[] = [];
  for (const file of survey.php) {
    if (file.origin !== "app") continue;
    for (const each of file.versionBounds) {
      bounds.push({
        fits: each.bound === "min" ? from(each.version) : before(each.version, true),
        because: `${each.name} is ${each.version}`,
        ...place(survey, file, each.offset),
        confidence: "certain",
        strength: "declared",
        ...(each.bound === "min" ? { minimum: versionNumber(each.version) ?? 0 } : {}),
      });
    }
    for (const test of file.versionTests) if (test.stops) bounds.push(...stopBound(survey, file, test));
  }
  return bounds;
}

function stopBound(survey: Survey, file: PhpFile, test: PhpFile["versionTests"][number]): VersionBound[] {
  const refusesOld = test.op === "<" || test.op === "<=";
  const fits = refusesOld ? from(test.version) : before(test.version, test.op === ">");
  const because = refusesOld ? `it stops on PHP below ${test.version}` : `it stops on PHP ${test.version} and later`;
  // A test deep in a bundled file that refuses everything known is about one feature, not about the program.
  if (fits.length === 0 || (!refusesOld && file.path.split("/").length > 2)) return [];
  return [
    {
      fits,
      because,
      ...place(survey, file, test.offset),
      confidence: "certain",
      strength: refusesOld ? "declared" : "code",
      ...(refusesOld ? { minimum: versionNumber(test.version) ?? 0 } : {}),
    },
  ];
}

function place(survey: Survey, file: PhpFile, offset: number): { readonly file: string; readonly line?: number } {
  const line = survey.line(file.path, offset);
  return { file: file.path, ...(line === undefined ? {} : { line }) };
}

const conditional = /polyfill|stub|php-?[78]\d?\b|\/Php[78]|compat/i;

/** The newest syntax in use: a lower bound. Bundled code counts when several files need it, as parts of it may never be loaded. */
export function syntaxBounds(survey: Survey): VersionBound[] {
  const uses = new Map<string, { file: PhpFile; offset: number; version: string; count: number; own: boolean }>();
  for (const file of survey.php) {
    if (conditional.test(file.path)) continue;
    for (const mark of file.syntax) {
      if (mark.effect !== "needs" || mark.version === "7.4") continue;
      const known = uses.get(mark.what);
      const own = file.origin === "app";
      if (known === undefined) uses.set(mark.what, { file, offset: mark.offset, version: mark.version, count: 1, own });
      else
        uses.set(mark.what, {
          ...(own && !known.own ? { file, offset: mark.offset, version: mark.version } : known),
          count: known.count + 1,
          own: own || known.own,
        });
    }
  }
  return [...uses].flatMap(([what, use]): VersionBound[] =>
    use.own || use.count > 2
      ? [
          {
            fits: from(use.version),
            because: `${what} needs PHP ${use.version}${use.count > 1 ? ` (${use.count} files)` : ""}`,
            ...place(survey, use.file, use.offset),
            confidence: "likely",
            strength: "needed",
          },
        ]
      : [],
  );
}

/** Something in the application's code that a newer PHP no longer has. */
export interface EndMark {
  readonly what: string;
  readonly version: string;
  readonly file: PhpFile;
  readonly offset: number;
}

/** Uses of what PHP removed, in the application's own code, without those that ask first (`function_exists`, a version test). */
export function endMarks(survey: Survey): EndMark[] {
  const declared = new Set(survey.php.flatMap((file) => [...file.functions]));
  return survey.php.flatMap((file): EndMark[] => {
    if (file.origin !== "app" || conditional.test(file.path)) return [];
    const marks = file.syntax.filter((mark) => mark.effect === "ends").map((mark) => ({ ...mark, file }));
    // A file that tests the version or asks for one removed function knows what it does with the others.
    const asks = file.versionTests.length > 0 || [...file.guards.keys()].some((name) => removedFunctions.has(name));
    const calls = [...file.calls].flatMap(([name, offset]): EndMark[] => {
      const version = removedFunctions.get(name);
      // A file that also speaks mysqli chooses by itself.
      const chooses =
        name.startsWith("mysql_") && (file.calls.has("mysqli_connect") || file.calls.has("mysqli_query") || file.classes.has("mysqli"));
      if (version === undefined || chooses || asks || declared.has(name) || file.guards.has(name)) return [];
      return [{ what: `the function ${name}()`, version, file, offset }];
    });
    return [...marks, ...calls];
  });
}

/** How many files may use what PHP 8 removed before that decides: none, or a few forgotten ones in a program that knows PHP 8 or is recent. */
export function tolerated(survey: Survey, aware: boolean): number {
  return aware ? Math.max(2, survey.php.filter((file) => file.origin === "app").length / 20) : 0;
}

/** Turns removed things into an upper bound: one careless file in a program that knows PHP 8 is no reason, many are. */
export function endBounds(survey: Survey, marks: readonly EndMark[], aware: boolean): VersionBound[] {
  const eighth = marks.filter((mark) => mark.version === "8.0");
  const files = new Set(eighth.map((mark) => mark.file.path));
  const first = eighth[0];
  if (first === undefined || files.size <= tolerated(survey, aware)) return [];
  const because = `${first.what} ended with PHP 8.0${files.size > 1 ? ` (such things are in ${files.size} files)` : ""}`;
  return [{ fits: before("8.0"), because, ...place(survey, first.file, first.offset), confidence: "likely", strength: "code" }];
}
