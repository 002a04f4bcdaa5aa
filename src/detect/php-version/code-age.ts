import type { ComposerFacts } from "../composer-facts.ts";
import { newestYear } from "../php-file.ts";
import type { Survey } from "../survey.ts";

/** When the code was last worked on, as far as the tree shows it. */
export interface CodeAge {
  readonly year: number;
  readonly because: string;
  readonly file: string;
}

const newsName =
  /^(.*\/)?(changelog|changes|news|readme|release[-_]?notes|history|version|releases?|copying|copyright|license|authors)(?!\.php)(?:[\w.-]*(?<!\.html?|\.js|\.css|\.svg|\.png))$/i;

function fromNews(survey: Survey): CodeAge | undefined {
  let newest: CodeAge | undefined;
  for (const file of survey.files) {
    if (file.split("/").length > 3 || !newsName.test(file) || survey.origin(file) === "vendor" || survey.origin(file) === "addon") continue;
    const year = newestYear(survey.read(file)?.slice(0, 20_000) ?? "");
    if (year !== undefined && year > (newest?.year ?? 0)) newest = { year, because: `its newest date is of ${year}`, file };
  }
  return newest;
}

function fromPackages(composer: ComposerFacts): CodeAge | undefined {
  const years = composer.packages.flatMap((each) => (each.time === undefined ? [] : [Number(each.time.slice(0, 4))]));
  // Not the very newest: security fixes of single packages are backported to old releases.
  const sorted = years.filter((each) => each > 2005 && each < 2036).sort((a, b) => a - b);
  const year = sorted[Math.max(0, Math.ceil(sorted.length * 0.85) - 1)] ?? 0;
  return year === 0 || composer.packagesFile === undefined
    ? undefined
    : { year, because: `most of its packages are not newer than ${year}`, file: composer.packagesFile };
}

/** Copyright lines in code count when several files have them, or nearly all that there is: one bundled file says little. */
function fromCode(survey: Survey): CodeAge | undefined {
  const own = survey.php.filter((file) => file.origin === "app");
  const dated = own.filter((file) => file.year !== undefined);
  if (dated.length < Math.min(3, own.length) || dated.length < own.length / 50) return undefined;
  // Not the very newest: single files get later security fixes.
  const sorted = [...dated].sort((a, b) => (b.year ?? 0) - (a.year ?? 0));
  const newest = sorted[Math.floor(sorted.length / 50)];
  return newest?.year === undefined
    ? undefined
    : { year: newest.year, because: `the newest copyright or date is of ${newest.year}`, file: newest.path };
}

/** A version that is a date: `VERSION = "2022-01-20"`. */
function fromVersion(survey: Survey): CodeAge | undefined {
  for (const file of survey.php) {
    if (file.origin !== "app") continue;
    const year = /\bversion\b[^\n]{0,30}?["'](?:[a-z.~-]*)(20[012]\d)[-.]?[01]\d[-.]?[0-3]\d/i.exec(
      survey.read(file.path)?.slice(0, 5_000) ?? "",
    )?.[1];
    if (year !== undefined) return { year: Number(year), because: `its version is of ${year}`, file: file.path };
  }
  return undefined;
}

/** The newest of all signs of age; undefined when the tree shows none. */
export function codeAge(survey: Survey, composer: ComposerFacts): CodeAge | undefined {
  const signs = [fromVersion(survey), fromPackages(composer), fromNews(survey), fromCode(survey)].filter((sign) => sign !== undefined);
  return signs.sort((a, b) => b.year - a.year)[0];
}
