import { expect, it } from "vitest";
import { generateValue } from "./generate-value.ts";

it.each([
  { encoding: "hex", bytes: 16, shape: /^[0-9a-f]{32}$/ },
  { encoding: "base64", bytes: 32, shape: /^[A-Za-z0-9+/]{43}=$/ },
  { encoding: "laravel", bytes: 8, shape: /^base64:[A-Za-z0-9+/]{43}=$/ },
  { encoding: "alphanumeric", bytes: 43, shape: /^[A-Za-z0-9]{43}$/ },
] as const)("makes $encoding", ({ encoding, bytes, shape }) => {
  const wanted = { encoding, bytes };
  expect(generateValue(wanted)).toMatch(shape);
  expect(generateValue(wanted)).not.toBe(generateValue(wanted));
});

it("throws away bytes that would make some characters likelier", () => {
  const batches = [Buffer.from([255, 250, 248, 0]), Buffer.from([61, 62, 247, 1])];
  expect(generateValue({ encoding: "alphanumeric", bytes: 4 }, () => batches.shift() ?? Buffer.alloc(4))).toBe("A9A9");
});

it("gives every character about as often", () => {
  const counts = new Map<string, number>();
  for (const character of generateValue({ encoding: "alphanumeric", bytes: 62_000 }))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  expect(counts.size).toBe(62);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(250);
});
