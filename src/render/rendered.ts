import { createHash } from "node:crypto";
import type { Manifest, ObjectKey, Rendered } from "./objects.ts";

/** JSON with sorted keys, so that the same content always has the same text, whatever order it was built in. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** sha256 in hex over canonical JSON: the identity of rendered things. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** `Kind/name` of an object. */
export function keyOf(object: Manifest): ObjectKey {
  return `${object.kind}/${object.metadata.name}`;
}

/** Wraps an object with its key and digest. */
export function rendered<M extends Manifest>(object: M): Rendered<M> {
  return { key: keyOf(object), digest: digestOf(object), object };
}
