import { createHash } from "node:crypto";

/** sha256 in hex. Numbers, lists and records are hashed as JSON: build them in a fixed key order. */
export function contentHash(value: unknown): string {
  const text = typeof value === "string" || value instanceof Uint8Array ? value : JSON.stringify(value);
  return createHash("sha256").update(text).digest("hex");
}
