import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { maskKey } from "../masks/mask-key.ts";
import { maskText } from "../masks/value-masks.ts";
import type { InsideRules, LeafMask, StreamMask } from "../plan.ts";
import { maskValue } from "./mask-value.ts";
import { nameReplacer } from "./replace-names.ts";

const key = maskKey(new Secret("a key of thirty-two characters..", "test"));
const limit = { length: null, unit: "bytes" } as const;
const text: StreamMask = { kind: "text", language: "de", names: [], limit };
const mail = maskText({ mask: "email", digits: 20 }, key, "anna@example.org");
const first = maskText({ mask: "fake", fake: "first-name", language: "de" }, key, "Anna");
const phone = maskText({ mask: "fake", fake: "phone", language: "de" }, key, "4915112345678");
const phonePhp = `s:${String(phone.length)}:"${phone}";`;

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
    ['{"phone":4915112345678,"count":4915112345678,"token":123456}', `{"phone":"${phone}","count":4915112345678,"token":null}`],
    ['a:2:{s:5:"phone";i:4915112345678;s:5:"count";i:4915112345678;}', `a:2:{s:5:"phone";${phonePhp}s:5:"count";i:4915112345678;}`],
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

  const php = (paths: Readonly<Record<string, LeafMask>>, otherwise: "keep" | "text"): StreamMask => ({
    kind: "structure",
    format: "serialized",
    language: "de",
    inside: { paths: Object.entries(paths).map(([path, mask]) => ({ path: path.split("."), mask })), otherwise: { mask: otherwise } },
    names: [],
    limit,
  });
  const fake = (name: "phone" | "postcode" | "full-name"): LeafMask => ({ mask: "fake", fake: name, language: "de" });

  it("are for numbers in serialized PHP as for those in JSON", () => {
    const rules = php({ phone: fake("phone"), gone: { mask: "clear" } }, "keep");
    expect(masked('a:2:{s:5:"phone";i:4915112345678;s:1:"x";i:4915112345678;}', rules)).toBe(
      `a:2:{s:5:"phone";${phonePhp}s:1:"x";i:4915112345678;}`,
    );
    expect(masked('a:1:{s:5:"phone";d:4915112345678;}', rules)).toBe(`a:1:{s:5:"phone";${phonePhp}}`);
    expect(masked('a:3:{s:4:"gone";i:7;i:0;N;i:1;R:2;}', rules)).toBe('a:3:{s:4:"gone";N;i:0;N;i:1;R:2;}');
  });

  const named = php({ name: fake("full-name") }, "keep");
  const deep = (levels: number): string => (levels === 0 ? '{"name":"Anna Muster"}' : JSON.stringify({ x: deep(levels - 1) }));
  it.each(
    [
      'a:1:{s:4:"name";s:9:"Anna Muster";}',
      'a:1:{s:4:"name";s:11:"Anna Must',
      '{"name":"Anna Muster","x":1,}',
      '{"name":"Anna Muster',
      "{name: 'Anna Muster'}",
      '["Anna Muster",',
      '{"x":"{\\"name\\":\\"Anna Muster"}',
      'C:1:"X":30:{x:i:0;s:4:"name";"Anna Muster"}',
      `${"[".repeat(200)}"Anna Muster"${"]".repeat(200)}`,
      deep(9),
    ].map((value) => [value.slice(0, 50), value] as const),
  )("clear a structure that cannot be read: %s", (_, value) => {
    for (const otherwise of ["keep", "text"] as const)
      expect(masked(value, php({ "**.name": fake("full-name") }, otherwise))).not.toContain("Anna");
  });

  it.each(["[[Some page]] and [gallery]", "yes", "{{template}}", "a: 1", "[NEW] shoes"])(
    "keep a text that is no structure: %s",
    (value) => {
      expect(masked(JSON.stringify({ title: value }), named)).toBe(JSON.stringify({ title: value }));
    },
  );

  it("keep a structure that cannot be read where nothing in it would be masked, and mask it as text where nothing else is asked for", () => {
    const broken = '{"note":"anna@example.org",';
    expect(masked(broken, php({}, "keep"))).toBe(broken);
    expect(masked(broken, named)).toBe("");
    expect(masked(JSON.stringify({ x: broken }), named)).toBe(JSON.stringify({ x: broken }));
    expect(masked(broken, php({ note: { mask: "text" } }, "keep"))).toBe(`{"note":"${mail}",`);
    const nested = JSON.stringify({ kept: broken, other: broken });
    expect(masked(nested, php({ "kept.**": { mask: "keep" }, "**.phone": fake("phone") }, "keep"))).toBe(
      JSON.stringify({ kept: broken, other: "" }),
    );
    expect(masked('a:1:{i:0;s:3:"anna@example.org";}', php({ "0": { mask: "text" } }, "keep"))).toBe(
      `a:1:{i:0;s:${String(mail.length)}:"${mail}";}`,
    );
  });
});
