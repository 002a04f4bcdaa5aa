import type { InsideRules, LeafMask, StreamMask } from "../plan.ts";
import { maskText } from "../masks/value-masks.ts";
import { innerRule } from "./inner-rule.ts";
import { looksJson, rewriteJson } from "./rewrite-json.ts";
import { looksSerialized, repairSerialized, rewriteSerialized } from "./rewrite-serialized.ts";
import { maskOfKey, scrubText, type Scrubbing } from "./scrub-text.ts";

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
}

function maskInside(value: Buffer, inside: InsideRules, place: Place): Buffer {
  const { text, encoding } = decoded(value);
  if (place.depth < DEEPEST) {
    const structured = maskStructure(value, text, inside, place);
    if (structured !== undefined) return structured;
  }
  return encoded(leaf(text, inside, place), encoding);
}

/** The value as what it is made of; undefined when it is only text. */
function maskStructure(value: Buffer, text: string, inside: InsideRules, place: Place): Buffer | undefined {
  const deeper = (path: readonly string[]): Place => ({ ...place, path: [...place.path, ...path], depth: place.depth + 1 });
  if (looksSerialized(text)) {
    const rewrite = (inner: Buffer, path: readonly string[], key: boolean): Buffer =>
      key ? maskKeyText(inner, place) : maskInside(inner, inside, deeper(path));
    return rewriteSerialized(value, rewrite) ?? repairSerialized(value, rewrite);
  }
  if (looksJson(text)) {
    const json = rewriteJson(
      text,
      (inner, path, key) =>
        (key ? maskKeyText(Buffer.from(inner), place) : maskInside(Buffer.from(inner), inside, deeper(path))).toString(),
      (literal, path) => scalar(literal, innerRule(inside, [...place.path, ...path]), place),
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

/** Numbers and truths in JSON: only what a path names is masked. */
function scalar(literal: string, rule: LeafMask, { scrubbing }: Place): string | undefined {
  if (rule.mask === "keep" || rule.mask === "text" || literal === "null") return undefined;
  if (rule.mask === "clear") return "null";
  const inside: InsideRules = { paths: [], otherwise: rule };
  return JSON.stringify(leaf(literal, inside, { scrubbing, path: [], depth: 0 }));
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
