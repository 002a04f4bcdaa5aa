import { type DatasetLanguage, fakes, type Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { MaskKey } from "../masks/mask-key.ts";
import { maskText, type ValueMask } from "../masks/value-masks.ts";
import { findPersonalText, type PersonalKind } from "../personal/find-personal-text.ts";
import { nameEvidence } from "../scan/column-names.ts";

/** What scrubbing of a text needs. */
export interface Scrubbing {
  readonly key: MaskKey;
  readonly language: DatasetLanguage;
  /** Puts fakes in the place of the row's names. */
  readonly names: (text: string) => string;
}

/** Puts a fake in the place of whatever looks personal in a text: the same one as in columns. */
export function scrubText(text: string, { key, language, names }: Scrubbing): string {
  const found = findPersonalText(text);
  let [out, from] = ["", 0];
  for (const { kind, start, end } of found) {
    out += names(text.slice(from, start)) + instead(kind, text.slice(start, end), { key, language });
    from = end;
  }
  return out + names(text.slice(from));
}

function instead(kind: PersonalKind, value: string, { key, language }: Pick<Scrubbing, "key" | "language">): string {
  if (kind === "email") return maskText({ mask: "email", digits: 20 }, key, plainAddress(value));
  if (kind === "card") return "0000 0000 0000 0000";
  if (kind === "password-hash" || kind === "secret") return "[removed]";
  return maskText({ mask: "fake", fake: kind, language }, key, value);
}

/** An address that was encoded gets the fake that it has in its column. */
function plainAddress(address: string): string {
  return address
    .replace(/%40|&#0{0,2}64;|&#x40;|&commat;|\\u0040| ?[[({](?:at|ät)[\])}] ?/i, "@")
    .replaceAll(/ ?[[({](?:dot|punkt)[\])}] ?/gi, ".");
}

const NOT_SAID: readonly Strategy[] = ["text", "shift-date", "hash", "keep"];

/**
 * The mask of a value that stands under a key which says what it is (`{"first_name": "Anna"}`), where the value looks as if it was that. Undefined: the
 * key says nothing.
 */
export function maskOfKey(path: readonly string[], value: string, language: DatasetLanguage): ValueMask | "clear" | undefined {
  const name = path.findLast((key) => !/^[0-9]+$/.test(key));
  if (name === undefined || value.length < 2 || value.length > 300) return undefined;
  const strategy = strategyOf(name);
  if (strategy === undefined || !plausible(strategy, value)) return undefined;
  if (strategy === "email") return { mask: "email", digits: 20 };
  if (strategy === "clear" || strategy === "password" || strategy === "mask") return "clear";
  const fake = fakes.find((one) => one === strategy);
  return fake === undefined ? undefined : { mask: "fake", fake, language };
}

/** The same keys stand in row after row. */
const said = new Map<string, Strategy | undefined>();
const MOST_KEYS = 20_000;

function strategyOf(name: string): Strategy | undefined {
  if (said.has(name)) return said.get(name);
  const strategy = nameEvidence(name, (one) => !NOT_SAID.includes(one))?.strategy;
  if (said.size < MOST_KEYS) said.set(name, strategy);
  return strategy;
}

const FLAG =
  /^(?:yes|no|on|off|true|false|none|null|default|auto|all|any|open|closed|required|optional|hidden|left|right|center|top|bottom|[0-9]{1,3})$/i;
/** Names in code: `billing_first_name`, `%s`, `https://…`, `/var/www`. */
const CODE = /^(?:[a-z][a-z0-9]*(?:_[a-z0-9]+)+|%[sd]|\{\{.*\}\}|https?:\/\/\S*|\/\S*)$/s;

function plausible(strategy: Strategy, value: string): boolean {
  if (FLAG.test(value) || CODE.test(value)) return false;
  if (strategy === "email") return value.includes("@");
  if (strategy === "phone" || strategy === "iban" || strategy === "ip" || strategy === "mask") return /[0-9]/.test(value);
  if (strategy === "postcode") return /[0-9]/.test(value) && value.length <= 12;
  return strategy === "clear" || strategy === "password" || /\p{L}/u.test(value);
}
