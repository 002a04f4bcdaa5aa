import { randomBytes } from "node:crypto";
import { unreachable } from "../../kernel/unreachable.ts";
import type { GeneratedValue } from "./secret-store.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** The largest multiple of 62 below 256: bytes from here on are thrown away, else some characters would come more often. */
const UNBIASED = 248;

/** A value from the system's cryptographic random source. `random` answers n random bytes; another one is for tests. */
export function generateValue(wanted: GeneratedValue, random: (size: number) => Buffer = randomBytes): string {
  switch (wanted.encoding) {
    case "hex":
      return random(wanted.bytes).toString("hex");
    case "base64":
      return random(wanted.bytes).toString("base64");
    case "laravel":
      return `base64:${random(32).toString("base64")}`;
    case "alphanumeric":
      return alphanumeric(wanted.bytes, random);
    default:
      return unreachable(wanted.encoding);
  }
}

function alphanumeric(length: number, random: (size: number) => Buffer): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < UNBIASED && text.length < length) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}
