import type { Personal } from "./find-personal-text.ts";

/** Lengths of IBANs by country (ISO 13616). */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
const IBAN = /(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,28}/g;
/** Of a bank that can't be: what masks write. */
const OUR_IBAN = /^DE[0-9]{2}00000000/;

/** Account numbers whose checksum is right. */
export function findIbans(text: string): readonly Personal[] {
  return Array.from(text.matchAll(IBAN)).flatMap((match) => {
    const length = lengths[match[0].slice(0, 2).toUpperCase()];
    const end = length === undefined ? undefined : endOf(match[0], length);
    // A part of a longer word is none: of 32 hexadecimal digits now and then.
    if (end === undefined || /[A-Za-z0-9]/.test(text[match.index + end] ?? "")) return [];
    const plain = match[0].slice(0, end).replaceAll(/[ -]/g, "").toUpperCase();
    return isIban(plain) && !OUR_IBAN.test(plain) ? [{ kind: "iban" as const, start: match.index, end: match.index + end }] : [];
  });
}

/** Where so many letters and digits end; undefined where there are fewer. */
function endOf(text: string, count: number): number | undefined {
  let left = count;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== " " && text[index] !== "-") left -= 1;
    if (left === 0) return index + 1;
  }
  return undefined;
}

/** The remainder by 97 of the number that the letters and digits make, country and check digits at the end, is 1. */
export function isIban(plain: string): boolean {
  if (lengths[plain.slice(0, 2)] !== plain.length || !/^[A-Z]{2}[0-9]{2}[A-Z0-9]+$/.test(plain)) return false;
  let rest = 0;
  for (const sign of plain.slice(4) + plain.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

const CARD = /(?<![0-9A-Za-z.])(?:[2-6][0-9]{3}(?:[ -]?[0-9]{4}){3}|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5})(?![0-9A-Za-z])/g;

/** Numbers of payment cards: their form, their first digits and the check digit of Luhn. */
export function findCards(text: string): readonly Personal[] {
  return Array.from(text.matchAll(CARD)).flatMap((match) => {
    const digits = match[0].replaceAll(/[ -]/g, "");
    const network = /^(?:4|5[1-5]|2[2-7]|3[47]|6011|65|62)/.test(digits);
    return network && passesLuhn(digits) ? [{ kind: "card" as const, start: match.index, end: match.index + match[0].length }] : [];
  });
}

/** The check digit that cards have. */
export function passesLuhn(digits: string): boolean {
  const sum = Array.from(digits, Number)
    .reverse()
    .reduce((total, digit, index) => total + (index % 2 === 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2), 0);
  return sum % 10 === 0;
}
