import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson, digestOf } from "./rendered.ts";

/** The same value with its keys in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, shuffled(inner)] as const)
      .reverse(),
  );
}

it("does not depend on the order of keys", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(digestOf(shuffled(value))).toBe(digestOf(value));
    }),
  );
});

it("keeps the order of lists, which means something", () => {
  expect(canonicalJson([2, 1])).toBe("[2,1]");
});
