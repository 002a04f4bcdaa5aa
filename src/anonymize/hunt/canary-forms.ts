/** A way in which a value may be written in a file. */
export interface CanaryForm {
  readonly form: "plain" | "latin1" | "utf-16le" | "utf-16be" | "json" | "url" | "html" | "base64" | "hex";
  readonly bytes: Buffer;
}

/** Shorter ones would be found by chance. */
const SHORTEST = 6;

/**
 * All forms of a value: as it is in UTF-8 and ISO 8859-1 (serialized PHP has no other), in UTF-16, escaped for JSON (as PHP does it), for URLs and HTML, in
 * hexadecimal, and in base64 at each of the three places where it may begin. Letters' case is the search's business.
 */
export function canaryForms(value: string): readonly CanaryForm[] {
  const plain = Buffer.from(value);
  const little = Buffer.from(value, "utf16le");
  const all: CanaryForm[] = [
    { form: "plain", bytes: plain },
    { form: "latin1", bytes: Buffer.from(value, "latin1") },
    { form: "utf-16le", bytes: little },
    { form: "utf-16be", bytes: Buffer.from(little).swap16() },
    { form: "json", bytes: Buffer.from(jsonOf(value)) },
    { form: "json", bytes: Buffer.from(jsonOf(value).replaceAll("/", "\\/")) },
    { form: "url", bytes: Buffer.from(encodeURIComponent(value)) },
    { form: "url", bytes: Buffer.from(encodeURIComponent(value).replaceAll("%20", "+")) },
    { form: "html", bytes: Buffer.from(htmlOf(value)) },
    { form: "hex", bytes: Buffer.from(plain.toString("hex")) },
    ...[0, 1, 2].map((offset): CanaryForm => ({ form: "base64", bytes: base64At(plain, offset) })),
  ];
  const seen = new Set<string>();
  return all.filter(({ bytes }) => bytes.length >= SHORTEST && !seen.has(bytes.toString("latin1")) && seen.add(bytes.toString("latin1")));
}

function jsonOf(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replaceAll(/[^\u0000-\u007f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function htmlOf(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#039;")
    .replaceAll("@", "&#64;");
}

/** The letters of base64 that depend on the value alone when so many bytes stand before it in its group of three. */
function base64At(bytes: Buffer, offset: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  const begin = Math.ceil((offset * 8) / 6);
  const whole = Math.floor(((offset + bytes.length) * 8) / 6);
  return Buffer.from(encoded.slice(begin, whole));
}
