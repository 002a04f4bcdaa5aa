import type { Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import { findPersonalText, type PersonalKind } from "../personal/find-personal-text.ts";
import { looksJson } from "../stream/rewrite-json.ts";
import { looksSerialized } from "../stream/rewrite-serialized.ts";
import { isFirstName, isFullName, isLastName } from "./name-words.ts";

/** What a column's values say. */
export interface ValueEvidence {
  readonly strategy: Strategy;
  /** `198 of 200 values are e-mail addresses`. */
  readonly because: string;
  /** So many of a hundred: what is found in nearly all of them is what the column is for. */
  readonly share: number;
}

interface Test {
  readonly strategy: Strategy;
  readonly are: string;
  /** The least share of the values, of a hundred. */
  readonly least: number;
  readonly fits: (value: string) => boolean;
}

function whole(kind: PersonalKind): (value: string) => boolean {
  return (value) => {
    const text = value.trim();
    return findPersonalText(text).some((one) => one.kind === kind && one.start <= 1 && one.end >= text.length - 1);
  };
}

/** The first that fits decides: a column that is one thing, then columns in which something personal stands. */
const tests: readonly Test[] = [
  { strategy: "email", are: "are e-mail addresses", least: 50, fits: whole("email") },
  { strategy: "password", are: "are hashes of passwords", least: 30, fits: whole("password-hash") },
  { strategy: "iban", are: "are IBANs with a right checksum", least: 30, fits: whole("iban") },
  { strategy: "ip", are: "are public addresses of the internet", least: 30, fits: whole("ip") },
  { strategy: "mask", are: "are numbers of payment cards with a right check digit", least: 20, fits: whole("card") },
  { strategy: "clear", are: "are credentials", least: 10, fits: (value) => findPersonalText(value).some(({ kind }) => kind === "secret") },
  { strategy: "phone", are: "are telephone numbers", least: 40, fits: whole("phone") },
  { strategy: "full-name", are: "are names of people", least: 40, fits: isFullName },
  { strategy: "first-name", are: "are first names", least: 50, fits: isFirstName },
  { strategy: "last-name", are: "are last names", least: 50, fits: isLastName },
  { strategy: "serialized", are: "are serialized PHP", least: 30, fits: (value) => value.length > 8 && looksSerialized(value) },
  { strategy: "json", are: "are JSON", least: 30, fits: (value) => value.length > 4 && looksJson(value) },
  { strategy: "text", are: "hold something personal", least: 0.01, fits: (value) => findPersonalText(value).length > 0 },
];

/** What samples of a column let one conclude; undefined: nothing personal was among them. */
export function valueEvidence(samples: readonly string[]): ValueEvidence | undefined {
  const values = samples.filter((value) => value.trim() !== "");
  if (values.length === 0) return undefined;
  for (const { strategy, are, least, fits } of tests) {
    const count = values.filter(fits).length;
    const share = (100 * count) / values.length;
    if (count > 0 && share >= least) return { strategy, because: `${String(count)} of ${String(values.length)} values ${are}`, share };
  }
  return undefined;
}
