import type { Personal } from "./find-personal-text.ts";

/** How an at sign is written: as itself, encoded for a URL, for HTML and JSON, or against robots. */
const AT = /@|%40|&#0{0,2}64;|&#x40;|&commat;|\\u0040| ?[[({](?:at|ät)[\])}] ?/gi;
const BEFORE = /[\p{L}\p{N}._%+'!#$&*/=?^`{|}~-]/u;
const EDGE = /[._%+'!#$&*/=?^`{|}~-]/;
const AFTER =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(?:\.| ?[[({](?:dot|punkt)[\])}] ?)){1,8}(?:xn--[a-z0-9-]{2,40}|\p{L}{2,24})(?![\p{L}\p{N}-])/iuy;
/** `logo@2x.png` is a picture for fine screens; `.invalid` is where masks send mail. */
const NO_ADDRESS = /^(?:[0-9.]{1,4}x\.(?:png|jpe?g|webp|gif|svg|avif)|(?:[a-z0-9-]{1,63}\.)*invalid)$/i;
const LONGEST = 64;

/** Addresses of e-mail, in whatever way the at sign is written. Looks only around at signs, so it is as fast as they are few. */
export function findEmails(text: string): readonly Personal[] {
  const found: Personal[] = [];
  for (const at of text.matchAll(AT)) {
    const start = startBefore(text, at.index);
    AFTER.lastIndex = at.index + at[0].length;
    const domain = AFTER.exec(text)?.[0];
    if (start === at.index || domain === undefined || NO_ADDRESS.test(domain)) continue;
    found.push({ kind: "email", start, end: AFTER.lastIndex });
  }
  return found;
}

/** Where the part before the at sign begins: a letter or digit. */
function startBefore(text: string, at: number): number {
  let start = at;
  while (start > 0 && at - start < LONGEST && BEFORE.test(text[start - 1] ?? "")) start -= 1;
  // Encoded signs in front of it are no part of it: `mailto:`, `?to=`, `%3C`, `&lt;`.
  const local = text.slice(start, at);
  const lead = /^.*(?:[=&?/#|{}`^!*$]|%(?:3[ace]|2[0cf8]|0[ad]))/isu.exec(local)?.[0].length ?? 0;
  start += lead;
  while (start < at && EDGE.test(text[start] ?? "")) start += 1;
  return start;
}
