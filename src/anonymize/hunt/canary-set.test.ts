import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canaryForms } from "./canary-forms.ts";
import { canarySet } from "./canary-set.ts";

function scanned(values: readonly string[], file: Uint8Array, chunk = file.length): number[] {
  const scan = canarySet(values).scan();
  for (let at = 0; at < file.length; at += Math.max(1, chunk)) scan.push(file.subarray(at, at + Math.max(1, chunk)));
  return scan.hits().map(({ at }) => at);
}

describe("canaries", () => {
  const noise = fc.uint8Array({ maxLength: 200 });

  it("are found wherever they stand, in each of their forms, whatever the chunks", () => {
    const value = fc
      .string({ unit: "grapheme", minLength: 8, maxLength: 30 })
      .filter((text) => text.isWellFormed() && text.trim().length > 6);
    fc.assert(
      fc.property(value, noise, noise, fc.integer({ min: 1, max: 300 }), (text, before, after, chunk) =>
        canaryForms(text).every(({ bytes }) => {
          const file = Buffer.concat([before, bytes, after]);
          return scanned(["another one here", text], file, chunk).includes(before.length);
        }),
      ),
      { numRuns: 300 },
    );
  });

  it("are found in base64 at each place and in whatever case", () => {
    for (const front of ["", "x", "xy", "xyz"]) {
      const hidden = Buffer.from(`${front}anna.meier@example.org, and more`).toString("base64");
      expect(canarySet(["anna.meier@example.org"]).hits(Buffer.from(`{"x":"${hidden}"}`)), front).toBe(true);
    }
    expect(canarySet(["Anna.Meier@Example.org"]).hits(Buffer.from("ANNA.MEIER@example.ORG"))).toBe(true);
  });

  it("are counted once, also across chunks", () => {
    const scan = canarySet(["anna.meier@example.org"]).scan();
    for (const byte of Buffer.from("..anna.meier@example.org..anna.meier@example.org..")) scan.push(Uint8Array.of(byte));
    expect([scan.count(), scan.hits().map(({ at }) => at)]).toEqual([2, [2, 26]]);
  });

  it("are not found where they are not", () => {
    fc.assert(fc.property(noise, (file) => scanned(["anna.meier@example.org", "Jörg Müller-Lüdenscheidt"], file).length === 0));
    expect(canarySet([]).hits(Buffer.from("anything"))).toBe(false);
  });
});
