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
  /^(.*\/)?(changelog|changes|news|readme|release[-_]?notes|history|version|releases?|copying|copyright|license|authors)(?:[\w.-]*(?<!\.html?|\.js|\.css|\.svg|\.png))$/i;

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
  const year = Math.max(0, ...years.filter((each) => each > 2005 && each < 2036));
  return year === 0 || composer.packagesFile === undefined
    ? undefined
    : { year, because: `its newest package is of ${year}`, file: composer.packagesFile };
}

function fromCode(survey: Survey): CodeAge | undefined {
  let newest: CodeAge | undefined;
  for (const file of survey.php) {
    if (file.origin !== "app" || file.year === undefined || file.year <= (newest?.year ?? 0)) continue;
    newest = { year: file.year, because: `the newest copyright or date is of ${file.year}`, file: file.path };
  }
  return newest;
}

/** The newest of all signs of age; undefined when the tree shows none. */
export function codeAge(survey: Survey, composer: ComposerFacts): CodeAge | undefined {
  const signs = [fromPackages(composer), fromNews(survey), fromCode(survey)].filter((sign) => sign !== undefined);
  return signs.sort((a, b) => b.year - a.year)[0];
}
