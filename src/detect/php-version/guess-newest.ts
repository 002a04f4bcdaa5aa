import type { ComposerFacts } from "../composer-facts.ts";
import { versionNumber } from "../php-constraint.ts";
import type { Survey } from "../survey.ts";
import type { CodeAge } from "./code-age.ts";

/** The newest PHP that code can be trusted with when nothing declares it. */
export interface NewestGuess {
  /** 7.4, 8.2 or 8.4. */
  readonly cap: number;
  readonly because: string;
  readonly file?: string;
}

export interface GuessQuestion {
  readonly survey: Survey;
  readonly composer: ComposerFacts;
  readonly age: CodeAge | undefined;
  /** True when the code uses what PHP 8 removed. */
  readonly hasEnded: boolean;
  /** The lowest version that is declared, 0 when none is. */
  readonly minimum: number;
}

/** The newest PHP that the authors had in mind: attributes and version tests that only exist for it. 0 when nothing shows. */
export function awareness(survey: Survey): { readonly version: number; readonly file?: string; readonly words: string } {
  let best: { version: number; file?: string; words: string } = { version: 0, words: "" };
  const raise = (version: number, file: string, words: string): void => {
    if (version > best.version) best = { version, file, words };
  };
  for (const file of survey.php) {
    if (file.origin !== "app") continue;
    if (file.attributes.has("allowdynamicproperties")) raise(8.2, file.path, "the attribute AllowDynamicProperties");
    if (file.attributes.has("returntypewillchange")) raise(8.1, file.path, "the attribute ReturnTypeWillChange");
    for (const test of file.versionTests) {
      const minor = Math.floor(((versionNumber(test.version) ?? 0) / 1_000) % 1_000);
      if (test.version.startsWith("8.")) raise(8 + minor / 10, file.path, `a test for PHP ${test.version}`);
    }
  }
  return best;
}

/** Files with `Type $x = null`, which PHP 8.4 complains about at each load: code that was made for it has none. */
function unreadyFor84(survey: Survey): string | undefined {
  const files = survey.php.filter(
    (file) => file.origin === "app" && file.syntax.some((mark) => mark.version === "8.4" && mark.effect === "deprecated"),
  );
  return files.length > Math.max(9, survey.php.length / 100) ? files[0]?.path : undefined;
}

function fromAge(question: GuessQuestion, age: CodeAge): NewestGuess {
  const where = { file: age.file };
  if (age.year <= 2021) return { cap: 7.4, because: age.because, ...where };
  const old = question.minimum > 0 && question.minimum < 7_000_000;
  if (question.hasEnded && old)
    return { cap: 7.4, because: `${age.because}, but it was made for PHP 5 and uses what PHP 8 removed`, ...where };
  if (age.year <= 2023) return { cap: 8.2, because: age.because, ...where };
  const unready = unreadyFor84(question.survey);
  if (unready !== undefined)
    return { cap: 8.2, because: "many files have implicitly nullable parameters, which code made for PHP 8.4 avoids", file: unready };
  return old ? { cap: 8.2, because: `${age.because}, but it only declares PHP 5`, ...where } : { cap: 8.4, because: age.because, ...where };
}

function withoutAge(question: GuessQuestion): NewestGuess {
  if (question.hasEnded) return { cap: 7.4, because: "it uses what PHP 8 removed" };
  const old = question.minimum > 0 && question.minimum < 7_000_000;
  if (old) return { cap: 7.4, because: "it only declares PHP 5, and nothing shows that it is newer" };
  const files = question.survey.php.filter((file) => file.origin === "app");
  const new81 = files.some((file) => file.syntax.some((mark) => mark.effect === "needs" && Number(mark.version) >= 8.1));
  const unready = unreadyFor84(question.survey);
  if (unready !== undefined)
    return { cap: 8.2, because: "many files have implicitly nullable parameters, which code made for PHP 8.4 avoids", file: unready };
  if (files.length >= 50 && !new81)
    return { cap: 8.2, because: "nothing shows how old it is, and it is too large to trust it with the newest PHP" };
  return { cap: 8.4, because: "nothing in the tree speaks against the newest PHP that fits" };
}

/** Guesses from the code's age, what its authors knew, and how modern it is. */
export function guessNewest(question: GuessQuestion): NewestGuess {
  const guess = question.age === undefined ? withoutAge(question) : fromAge(question, question.age);
  const aware = awareness(question.survey);
  const where = aware.file === undefined ? {} : { file: aware.file };
  const known = aware.version >= 8.3 ? 8.4 : aware.version >= 8.1 ? 8.2 : 0;
  if (known > guess.cap) return { cap: known, because: `its authors know PHP ${aware.version}: ${aware.words}`, ...where };
  const names8 = /(^|[^\d.])8(\.|$|\b)/.test(question.composer.require["php"] ?? "");
  const recent = question.age === undefined || question.age.year > 2020;
  if (guess.cap < 8.2 && names8 && recent) return { cap: 8.2, because: "composer.json names PHP 8" };
  return guess;
}
