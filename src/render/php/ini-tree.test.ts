import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IniValue, parseIni, printIni } from "./ini-tree.ts";

const one = (key: string, value: IniValue) => [{ name: "PHP", entries: [{ key, value }] }];

describe("printIni", () => {
  it.each<[string, IniValue, string]>([
    ["a word", "files", "'files'"],
    ["an empty text", "", '""'],
    ["a number", 64, "64"],
    ["true", true, "yes"],
    ["false", false, "no"],
    ["a word that PHP takes for a boolean", "off", "'off'"],
    ["a variable", "${HOME}", "'${HOME}'"],
    ["a comment sign", "a ; b # c", "'a ; b # c'"],
    ["double quotes", 'say "x"', `'say "x"'`],
    ["a single quote", "it's", `"it's"`],
    ["a text that ends with a variable", { before: "tcp://a?b[]=", variable: "PASSWORD" }, '"tcp://a?b[]=${PASSWORD}"'],
    ["constants", { constants: "E_ALL & ~(E_NOTICE | E_STRICT)" }, "E_ALL & ~(E_NOTICE | E_STRICT)"],
  ])("writes %s", (_name, value, text) => expect(printIni(one("a.b", value))).toBe(`[PHP]\na.b = ${text}\n`));

  it.each<[string, string, IniValue]>([
    ["a line break", "a", "x\nextension=evil"],
    ["a carriage return", "a", "x\ry"],
    ["a null byte", "a", "x\u0000"],
    ["both quotes", "a", `'"`],
    ["a quote and a variable", "a", "'${HOME}"],
    ["a quote and a backslash", "a", "'\\"],
    ["a key with an equals sign", "a=b", "x"],
    ["a key with a line break", "a\nb", "x"],
    ["a fraction", "a", 1.5],
    ["a quote before a variable", "a", { before: 'x"', variable: "PASSWORD" }],
    ["another variable before a variable", "a", { before: "${HOME}", variable: "PASSWORD" }],
    ["a line break before a variable", "a", { before: "x\n", variable: "PASSWORD" }],
    ["a variable with another name than variables have", "a", { before: "", variable: "A}\nB" }],
    ["a program as constants", "a", { constants: "E_ALL & system('id')" }],
  ])("refuses %s", (_name, key, value) =>
    expect(() => printIni(one(key, value))).toThrow(expect.objectContaining({ code: "render/unsafe" })),
  );

  it("reads back what it wrote, whatever the values are, or refuses them", () => {
    const value = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.maxSafeInteger(), fc.boolean());
    const key = fc.stringMatching(/^[a-z][a-z0-9_.]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.record({ key, value }), { minLength: 1 }), (entries) => {
        let text: string;
        try {
          text = printIni([{ name: "www", entries }]);
        } catch (error) {
          expect(error).toMatchObject({ code: "render/unsafe" });
          return;
        }
        expect(parseIni(text)).toEqual([{ name: "www", entries }]);
        expect(text.split("\n").length).toBe(entries.length + 2);
      }),
    );
  });
});

describe("parseIni", () => {
  it.each(["a = b", "extension=x", "a = ${HOME}", "a = 'x' ; y", "a = 'x'y'", 'a = "\\"'])("refuses %s", (line) => {
    expect(() => parseIni(`[PHP]\n${line}\n`)).toThrow(expect.objectContaining({ code: "render/unsafe" }));
  });
});
