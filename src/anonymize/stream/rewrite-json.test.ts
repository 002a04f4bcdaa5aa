import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rewriteJson } from "./rewrite-json.ts";

const same = (value: string): string => value;

describe("JSON", () => {
  it("comes back byte by byte when nothing is changed", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(rewriteJson(text, same)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("has the same shape after every text was changed", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const changed = rewriteJson(JSON.stringify(value), (text, _, key) => (key ? text : `${text}"\\ü`));
        const want = JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
          typeof inner === "string" ? `${inner}"\\ü` : inner,
        ) as unknown;
        expect(JSON.parse(changed ?? "")).toEqual(want);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{"a": 12345678901234567890, "b" :"anna"}', '{"a": 12345678901234567890, "b" :"J\\u00f6rg/"}'],
    [String.raw`{"b":"anna","c":"ü"}`, String.raw`{"b":"Jörg/","c":"ü"}`.replace("ö", "\\u00f6")],
    [String.raw`{"b":"\/anna"}`, String.raw`{"b":"\/J\u00f6rg\/"}`],
    ['{"a":1,"a":2}', '{"a":1,"a":2}'],
    ['["anna",]', undefined],
    ["{'a':1}", undefined],
    ['{"a":NaN}', undefined],
  ])("turns %s", (text, expected) => {
    expect(rewriteJson(text, (value) => value.replace("anna", "Jörg/"))).toBe(expected);
  });

  it("is no way to keep a process busy", () => {
    for (const piece of ["[", '{"a":', '"', '["a",', "1,"]) expect(rewriteJson(piece.repeat(200_000), same)).toBeUndefined();
  });
});
