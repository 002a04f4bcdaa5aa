import { findPersonalText, type PersonalKind } from "../personal/find-personal-text.ts";
import type { CanarySet } from "./canary-set.ts";

/** What was found in a column, in file names or in a definition. Holds no value: only its form. */
export interface FoundPersonal {
  readonly kind: PersonalKind | "canary";
  /** In so many values. */
  readonly count: number;
  /** The first one's form: letters as `a`, digits as `0`. */
  readonly example: string;
}

/** Looks at values one after another: of a column of the masked database, at names of files, at definitions. */
export interface PersonalHunt {
  look(value: Uint8Array | string | null): void;
  found(): readonly FoundPersonal[];
}

/** Longer values are looked at in pieces of this many characters, which overlap by as many as the longest finding has. */
const PIECE = 1 << 20;
const OVERLAP = 4096;

/** Begins a hunt. With canaries it also finds real values that were remembered before masking, in whatever way they are written. */
export function personalHunt(canaries?: CanarySet): PersonalHunt {
  const kinds = new Map<FoundPersonal["kind"], { count: number; readonly example: string }>();
  const add = (kind: FoundPersonal["kind"], value: string): void => {
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { count: 1, example: formOf(value) });
    else known.count += 1;
  };
  return {
    look(value) {
      if (value === null || value.length === 0) return;
      const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const text = typeof value === "string" ? value : bytes.toString();
      const found = new Map(personalOf(text).map((one) => [one.kind, one.text]));
      for (const [kind, example] of found) add(kind, example);
      if (canaries?.hits(bytes) === true) add("canary", text.slice(0, 40));
    },
    found: () => [...kinds].map(([kind, { count, example }]) => ({ kind, count, example })),
  };
}

function personalOf(value: string): { readonly kind: PersonalKind; readonly text: string }[] {
  const plain = value.includes("\\/") ? value.replaceAll("\\/", "/") : value;
  const all: { kind: PersonalKind; text: string }[] = [];
  for (let from = 0; from < plain.length; from += PIECE - OVERLAP) {
    const piece = plain.slice(from, from + PIECE);
    all.push(...findPersonalText(piece).map(({ kind, start, end }) => ({ kind, text: piece.slice(start, end) })));
  }
  const hidden =
    plain.length >= 24 && plain.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(plain) ? Buffer.from(plain, "base64").toString() : "";
  return hidden === "" || hidden.includes("\ufffd")
    ? all
    : [...all, ...findPersonalText(hidden).map(({ kind, start, end }) => ({ kind, text: hidden.slice(start, end) }))];
}

/** What it looks like, without saying what it is. */
export function formOf(value: string): string {
  const form = value
    .slice(0, 32)
    .replaceAll(/\p{L}/gu, "a")
    .replaceAll(/\p{N}/gu, "0")
    .replaceAll(/[^\p{L}\p{N}@.,:;+/_() -]/gu, "?");
  return value.length > 32 ? `${form}…` : form;
}
