import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { maskKey } from "../masks/mask-key.ts";
import { maskText } from "../masks/value-masks.ts";
import type { InsideRules, StreamMask } from "../plan.ts";
import { maskValue } from "./mask-value.ts";
import { nameReplacer } from "./replace-names.ts";

const key = maskKey(new Secret("a key of thirty-two characters..", "test"));
const limit = { length: null, unit: "bytes" } as const;
const text: StreamMask = { kind: "text", language: "de", names: [], limit };
const mail = maskText({ mask: "email", digits: 20 }, key, "anna@example.org");
const first = maskText({ mask: "fake", fake: "first-name", language: "de" }, key, "Anna");

function masked(value: string, mask: StreamMask = text, names = nameReplacer([])): string {
  return maskValue(Buffer.from(value), mask, { key, language: "de", names }).toString();
}

describe("a value of free text", () => {
  it.each([
    ["Hi, anna@example.org or Anna@Example.org.", `Hi, ${mail} or ${mail}.`],
    ["?to=anna%40example.org", `?to=${mail}`],
    ['{"note":"anna@example.org","n":1.50}', `{"note":"${mail}","n":1.50}`],
    ['{"first_name":"Anna","count":"3"}', `{"first_name":"${first}","count":"3"}`],
    ['a:1:{s:10:"first_name";s:4:"Anna";}', `a:1:{s:10:"first_name";s:${String(Buffer.byteLength(first))}:"${first}";}`],
    ['a:1:{s:16:"anna@example.org";i:1;}', `a:1:{s:${String(mail.length)}:"${mail}";i:1;}`],
    ["nothing here 12:30", "nothing here 12:30"],
  ])("%s", (value, expected) => {
    expect(masked(value)).toBe(expected);
  });

  it("is read through serialized PHP in JSON in serialized PHP in base64", () => {
    const php = 'a:1:{s:1:"m";s:16:"anna@example.org";}';
    const json = JSON.stringify({ php });
    const outer = `a:1:{i:0;s:${String(Buffer.byteLength(json))}:"${json}";}`;
    const wantPhp = `a:1:{s:1:"m";s:${String(mail.length)}:"${mail}";}`;
    const wantJson = JSON.stringify({ php: wantPhp });
    const want = `a:1:{i:0;s:${String(Buffer.byteLength(wantJson))}:"${wantJson}";}`;
    expect(masked(outer)).toBe(want);
    expect(Buffer.from(masked(Buffer.from(outer).toString("base64")), "base64").toString()).toBe(want);
  });

  it("loses the names of its row, whole and word by word", () => {
    const names = nameReplacer([{ raw: "Anna Meier-Ünal", masked: "Greta Wolf" }]);
    expect(masked("Dear ANNA Meier-Ünal! Frau meier-ünal, Annabell, anna.", text, names)).toBe(
      "Dear Greta Wolf! Frau Wolf-Wolf, Annabell, Greta.",
    );
    expect(masked("Ünal", text, names)).toBe("Wolf");
  });

  it("keeps bytes that are no text", () => {
    const bytes = Buffer.from([0xff, 0x00, 0x61, 0xfe]);
    expect(maskValue(bytes, text, { key, language: "de", names: (one) => one })).toEqual(bytes);
  });
});

describe("rules for what lies inside", () => {
  const inside: InsideRules = {
    paths: [
      { path: ["keep", "**"], mask: { mask: "keep" } },
      { path: ["*", "phone"], mask: { mask: "fake", fake: "phone", language: "de" } },
      { path: ["**", "secret"], mask: { mask: "clear" } },
      { path: ["person"], mask: { mask: "hash", length: 8 } },
    ],
    otherwise: { mask: "text" },
  };
  const json: StreamMask = { kind: "structure", format: "json", language: "de", inside, names: [], limit };

  it("takes the first path that names a value or what it lies in", () => {
    const value = {
      keep: { secret: "anna@example.org" },
      a: { phone: "0815" },
      deep: { er: { secret: "x" } },
      person: { name: "Anna", age: 7 },
    };
    const out = JSON.parse(masked(JSON.stringify(value), json)) as typeof value;
    expect(out.keep.secret).toBe("anna@example.org");
    expect(out.a.phone).toMatch(/^\+49 /);
    expect(out.deep.er.secret).toBe("");
    expect(out.person.name).toMatch(/^[0-9a-f]{8}$/);
    expect(String(out.person.age)).toMatch(/^[0-9a-f]{8}$/);
  });
});
