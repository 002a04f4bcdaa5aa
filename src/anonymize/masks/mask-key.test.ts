import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { maskKey } from "./mask-key.ts";

it("makes digests that are HMAC-SHA256 of domain and seed", () => {
  const secret = new Secret("a key of thirty-two characters..", "test");
  const own = createHmac("sha256", "howdah dataset masks").update(secret.reveal()).digest();
  for (const seed of ["", "anna@example.org", "Ünï ✓", "x".repeat(500)]) {
    expect(maskKey(secret).digest("email", seed)).toBe(createHmac("sha256", own).update(`email:${seed}`).digest("hex"));
  }
});

it("shows its secret nowhere but in the values for the connection", () => {
  const key = maskKey(new Secret("a key of thirty-two characters..", "test"));
  expect(JSON.stringify(key)).toBe("{}");
  expect(key.session().statement.text).toContain("@howdah_inner = ?, @howdah_outer = ?");
  expect(key.session().values.map((value) => value.length)).toEqual([64, 64]);
});
