import type { InsideRules, StreamMask } from "../plan.ts";
import { maskText } from "../masks/value-masks.ts";
import { innerRule } from "./inner-rule.ts";
import { looksJson, rewriteJson } from "./rewrite-json.ts";
import { repairSerialized } from "./repair-serialized.ts";
import { looksSerialized, rewriteSerialized } from "./rewrite-serialized.ts";
import { maskOfKey, scrubText, type Scrubbing } from "./scrub-text.ts";
import { beginsAsStructure, maskOfUnreadable } from "./unreadable.ts";

/** How often a structure may lie as text within another. */
const DEEPEST = 8;

const TEXT: InsideRules = { paths: [], otherwise: { mask: "text" } };

/** Masks one value of a streamed column: free text, JSON or serialized PHP, whatever it turns out to be, one within another. */
export function maskValue(value: Buffer, mask: StreamMask, scrubbing: Scrubbing): Buffer {
  return maskInside(value, mask.kind === "structure" ? mask.inside : TEXT, { scrubbing, path: [], depth: 0 });
}

interface Place {
  readonly scrubbing: Scrubbing;
  readonly path: readonly string[];
  readonly depth: number;
  /** Written by a class of PHP itself: a structure, whatever it looks like. */
  readonly custom?: boolean;
}

function maskInside(value: Buffer, inside: InsideRules, place: Place): Buffer {
  const { text, encoding } = decoded(value);
  const structured = place.depth < DEEPEST ? maskStructure(value, text, inside, place) : undefined;
  if (structured !== undefined) return structured;
  if (place.custom !== true && !looksSerialized(text) && !beginsAsStructure(text, place.depth > 0))
    return encoded(leaf(text, inside, place), encoding);
  const whole: InsideRules = { paths: [], otherwise: maskOfUnreadable(inside, place.path) };
  if (whole.otherwise.mask !== "text" || !looksSerialized(text) || place.depth >= DEEPEST)
    return encoded(leaf(text, whole, place), encoding);
  return repairSerialized(value, (inner) => maskInside(inner, whole, { ...place, depth: place.depth + 1, custom: false }));
}

/** The value as what it is made of; undefined when it is only text, or can't be read. */
function maskStructure(value: Buffer, text: string, inside: InsideRules, place: Place): Buffer | undefined {
  const number = (literal: string, path: readonly string[]): string | null | undefined =>
    scalar(literal, inside, { ...place, path: [...place.path, ...path] });
  const deeper = (path: readonly string[]): Place => ({ ...place, path: [...place.path, ...path], depth: place.depth + 1, custom: false });
  if (looksSerialized(text)) {
    const rewrite = (inner: Buffer, path: readonly string[], key: boolean): Buffer =>
      key ? maskKeyText(inner, place) : maskInside(inner, inside, deeper(path));
    const custom = (inner: Buffer, path: readonly string[]): Buffer => maskInside(inner, inside, { ...deeper(path), custom: true });
    return rewriteSerialized(value, rewrite, { scalar: number, custom });
  }
  if (looksJson(text)) {
    const json = rewriteJson(
      text,
      (inner, path, key) =>
        (key ? maskKeyText(Buffer.from(inner), place) : maskInside(Buffer.from(inner), inside, deeper(path))).toString(),
      (literal, path) => {
        const masked = number(literal, path);
        return masked === undefined ? undefined : JSON.stringify(masked);
      },
    );
    if (json !== undefined) return Buffer.from(json);
  }
  const hidden =
    text.length >= 24 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
  if (hidden === undefined || !isReadable(hidden)) return undefined;
  const masked = maskInside(hidden, inside, deeper([]));
  return masked.equals(hidden) ? value : Buffer.from(masked.toString("base64"));
}

/** Addresses are keys of lists, too: of newsletters, of locks. */
function maskKeyText(key: Buffer, { scrubbing }: Place): Buffer {
  const { text, encoding } = decoded(key);
  const scrubbed = scrubText(text, scrubbing);
  return scrubbed === text ? key : encoded(scrubbed, encoding);
}

function leaf(text: string, inside: InsideRules, { path, scrubbing }: Place): string {
  const rule = innerRule(inside, path);
  const { key, language } = scrubbing;
  switch (rule.mask) {
    case "keep":
      return text;
    case "clear":
      return "";
    case "email":
      return maskText({ mask: "email", digits: 20 }, key, text);
    case "hash":
      return maskText({ mask: "hash", length: rule.length, seeding: "exact" }, key, text);
    case "fake":
      return maskText({ mask: "fake", fake: rule.fake, language: rule.language }, key, text);
    default: {
      const named = maskOfKey(path, text, language);
      if (named === "clear") return "";
      return named === undefined ? scrubText(text, scrubbing) : maskText(named, key, text);
    }
  }
}

/** Numbers and truths: what a path names is masked, and what a key says to be somebody's (`"phone": 4915…`). Null: nothing is to stand there. */
function scalar(literal: string, inside: InsideRules, place: Place): string | null | undefined {
  const rule = innerRule(inside, place.path);
  if (rule.mask === "keep" || literal === "null") return undefined;
  if (rule.mask === "clear") return null;
  if (rule.mask !== "text") return leaf(literal, inside, place);
  const { key, language } = place.scrubbing;
  const named = maskOfKey(place.path, literal, language);
  if (named === undefined) return undefined;
  return named === "clear" ? null : maskText(named, key, literal);
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is no UTF-8 is taken byte by byte, so that it comes back as it was. */
function decoded(value: Buffer): { readonly text: string; readonly encoding: "utf8" | "latin1" } {
  try {
    return { text: strict.decode(value), encoding: "utf8" };
  } catch {
    return { text: value.toString("latin1"), encoding: "latin1" };
  }
}

function encoded(text: string, encoding: "utf8" | "latin1"): Buffer {
  return Buffer.from(text, encoding);
}

/** Text in base64, not a picture: at least nearly all of it can be read. */
function isReadable(bytes: Buffer): boolean {
  const { text, encoding } = decoded(bytes);
  return encoding === "utf8" && !/[\u0001-\u0008\u000e-\u001f\u007f]/.test(text);
}
