import { DATASET_PASSWORD_HASHES } from "../compile/passwords.ts";
import { findEmails } from "./find-emails.ts";
import { findNetworkAddresses } from "./find-network-addresses.ts";
import { findCards, findIbans } from "./find-numbers.ts";
import { findPhones } from "./find-phones.ts";

/** What a piece of text is, that says who somebody is or lets one in. */
export type PersonalKind = "email" | "phone" | "iban" | "card" | "ip" | "password-hash" | "secret";

/** A piece of a text. */
export interface Personal {
  readonly kind: PersonalKind;
  readonly start: number;
  readonly end: number;
}

/** Forms of credentials that nothing else has. */
const credentials: readonly { readonly kind: PersonalKind; readonly has: string; readonly form: RegExp }[] = [
  { kind: "password-hash", has: "$2", form: /\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}/g },
  {
    kind: "password-hash",
    has: "$",
    form: /\$(?:[PHS]\$[./A-Za-z0-9]{31,52}|argon2id?\$v=[0-9]{1,3}\$[^$\s]{1,60}\$[A-Za-z0-9+/]{11,90}\$[A-Za-z0-9+/]{16,90}|[156]\$[./A-Za-z0-9=]{1,32}\$[./A-Za-z0-9]{22,86})/g,
  },
  { kind: "secret", has: "eyJ", form: /eyJ[A-Za-z0-9_-]{8,500}\.eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{16,600}/g },
  {
    kind: "secret",
    has: "_",
    form: /\b(?:sk|rk|pk)_live_[A-Za-z0-9]{16,120}|\bgh[pousr]_[A-Za-z0-9]{30,120}|\bgithub_pat_[A-Za-z0-9_]{30,120}/g,
  },
  { kind: "secret", has: "-", form: /\bglpat-[A-Za-z0-9_-]{16,60}|\bxox[abprs]-[A-Za-z0-9-]{10,120}/g },
  { kind: "secret", has: "A", form: /\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b/g },
  {
    kind: "secret",
    has: "PRIVATE KEY-----",
    form: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{1,8000}-----END [A-Z ]{0,30}PRIVATE KEY-----/g,
  },
];

/** Pieces of a text that look personal, by place, none within another. Fakes of ours are none. Takes time that grows as the text does. */
export function findPersonalText(text: string): readonly Personal[] {
  const found = [
    ...credentials.flatMap(({ kind, has, form }) => (text.includes(has) ? matches(text, form, kind) : [])),
    ...findEmails(text),
    ...(hasDigits(text, 1) ? findNetworkAddresses(text) : []),
    ...(hasDigits(text, 7) ? [...findIbans(text), ...findCards(text), ...findPhones(text)] : []),
  ].filter(({ start, end, kind }) => kind !== "password-hash" || !DATASET_PASSWORD_HASHES.includes(text.slice(start, end)));
  return withoutOverlaps(found);
}

/** Most texts have too few for any number: to count is much faster than to look for forms. */
function hasDigits(text: string, wanted: number): boolean {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57 && (count += 1) >= wanted) return true;
  }
  return false;
}

function matches(text: string, form: RegExp, kind: PersonalKind): Personal[] {
  return Array.from(text.matchAll(form), (match) => ({ kind, start: match.index, end: match.index + match[0].length }));
}

/** The one that begins first wins, of those the longer one: an IBAN holds what might be a telephone number. */
function withoutOverlaps(found: readonly Personal[]): Personal[] {
  const sorted = found.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const kept: Personal[] = [];
  for (const one of sorted) if (one.start >= (kept.at(-1)?.end ?? 0)) kept.push(one);
  return kept;
}
