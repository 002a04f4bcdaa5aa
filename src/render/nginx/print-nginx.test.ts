import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { block, type Directive, directive, literal, when } from "./directive.ts";
import { parseNginx } from "./parse-nginx.ts";
import { printNginx, verifyPrinted } from "./print-nginx.ts";

describe("printNginx", () => {
  it.each<[string, Directive, string]>([
    ["a plain directive", directive("listen", 8080), "listen 8080;\n"],
    ["a block", block("events", [], [directive("a", "b")]), "events {\n  a b;\n}\n"],
    ["an empty block", block("geo", ["$x"], []), "geo $x {\n}\n"],
    ["an empty word", directive("default", ""), 'default "";\n'],
    ["spaces", directive("a", "b c"), 'a "b c";\n'],
    ["quotes and backslashes", directive("a", `"'\\`), String.raw`a "\"'\\";` + "\n"],
    ["expressions with their backslashes as they are", directive("a", String.raw`\.php$`), String.raw`a "\.php$";` + "\n"],
    ["backslashes that nginx would take for escapes", directive("a", String.raw`\n\t\\d`), String.raw`a "\\n\\t\\\d";` + "\n"],
    ["braces, semicolons and comments", directive("a", "};#{"), 'a "};#{";\n'],
    ["conditions", when(["$a", "~", "x y"], [directive("return", 403)]), 'if ($a ~ "x y" ) {\n  return 403;\n}\n'],
  ])("prints %s", (_, tree, text) => {
    expect(printNginx([tree])).toBe(text);
  });

  it.each(["a\nb", "a\rb", "a\u0000b", "\u007f", "\u2028", "\ud800", "x".repeat(4100)])("refuses the word %j", (word) => {
    expect(() => printNginx([directive("a", word)])).toThrow(expect.objectContaining({ code: "render/unsafe" }));
  });

  it("notices text that means something else", () => {
    expect(() => verifyPrinted("a b; c;", [directive("a", "b; c")])).toThrow(/is not what was rendered/);
  });

  it("is read back as it was, whatever the words are", () => {
    const word = fc
      .string({ unit: "binary", maxLength: 40 })
      .filter((text) => !/[\u0000-\u001f\u007f\u2028\u2029]/.test(text) && text.isWellFormed());
    const tree = fc.array(fc.record({ name: fc.constantFrom("a", "map_x"), args: fc.array(word, { maxLength: 4 }) }), { maxLength: 5 });
    fc.assert(
      fc.property(tree, word, (inner, name) => {
        const whole = [block("http", [name], [...inner, block("map", [name], inner)])];
        expect(parseNginx(printNginx(whole))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});

describe("parseNginx", () => {
  it.each<[string, string, Directive[]]>([
    ["comments", "# a;\na b; # c\n", [directive("a", "b")]],
    ["single quotes", `a 'b "c';`, [directive("a", 'b "c')]],
    ["escapes outside of quotes", String.raw`a b\ c\;d;`, [directive("a", String.raw`b\ c\;d`)]],
    ["variables in braces", "a x${b}c;", [directive("a", "x${b}c")]],
    ["quotes within words", `a b"c;`, [directive("a", 'b"c')]],
    ["a block without spaces", "a{b;}", [block("a", [], [directive("b")])]],
    ["a hash within a word", "a b#c;", [directive("a", "b#c")]],
  ])("reads %s", (_, text, tree) => {
    expect(parseNginx(text)).toEqual(tree);
  });

  it.each(["a", "a {", "}", "a; }", "{", ";", 'a "b', 'a "b"c;', "a {".repeat(30)])("refuses %j", (text) => {
    expect(() => parseNginx(text)).toThrow(expect.objectContaining({ code: "render/unsafe" }));
  });
});

describe("literal", () => {
  it("keeps every dollar a dollar", () => {
    expect(literal("$host ${x} $$")).toBe("${howdah_dollar}host ${howdah_dollar}{x} ${howdah_dollar}${howdah_dollar}");
  });
});
