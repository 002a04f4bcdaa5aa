import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { repairSerialized } from "./repair-serialized.ts";
import { rewriteSerialized } from "./rewrite-serialized.ts";

const upper = (value: Buffer): Buffer => Buffer.from(value.toString().replaceAll("anna", "Zebulonia"));
const same = (value: Buffer): Buffer => value;

function rewritten(text: string, rewrite = upper): string | undefined {
  return rewriteSerialized(Buffer.from(text), rewrite)?.toString();
}

/** What PHP would write, with its kinds mixed. */
interface Serialized {
  readonly text: string;
}
const bytes = (text: string): number => Buffer.byteLength(text);
const string = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => `s:${String(bytes(text))}:"${text}";`);
const scalar = fc.oneof(
  string,
  fc.integer().map((value) => `i:${String(value)};`),
  fc.constantFrom("N;", "b:1;", "b:0;", "d:0.1;", "d:1.0E+25;", "d:-INF;", "d:NAN;", "R:1;", "r:2;", 'E:11:"Suit:Hearts";'),
);
const { value } = fc.letrec<{ value: string; node: Serialized }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc
      .array(
        fc.tuple(
          fc.oneof(
            string,
            fc.nat().map((n) => `i:${String(n)};`),
          ),
          tie("value"),
        ),
        { maxLength: 4 },
      )
      .map((pairs) => `a:${String(pairs.length)}:{${pairs.flat().join("")}}`),
    fc
      .array(fc.tuple(string, tie("value")), { maxLength: 3 })
      .map((pairs) => `O:8:"stdClass":${String(pairs.length)}:{${pairs.flat().join("")}}`),
    tie("value").map((inner) => `C:11:"ArrayObject":${String(bytes(inner))}:{${inner}}`),
  ),
  node: fc.constant({ text: "" }),
}));

describe("serialized PHP", () => {
  it("comes back byte by byte when nothing is changed, whatever it is made of", () => {
    fc.assert(
      fc.property(value, (text) => rewritten(text, same) === text),
      { numRuns: 500 },
    );
  });

  it("is read to its end also after every string was changed", () => {
    fc.assert(
      fc.property(value, fc.string({ maxLength: 9 }), (text, word) => {
        const changed = rewriteSerialized(Buffer.from(text), (inner, _, key) =>
          key || /^[aOCsbidN]:/.test(inner.toString()) ? inner : Buffer.from(word),
        );
        expect(changed).toBeDefined();
        expect(rewriteSerialized(changed ?? Buffer.of(), same)).toEqual(changed);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['s:4:"anna";', 's:9:"Zebulonia";'],
    ['a:2:{s:4:"anna";i:1;i:0;s:5:"ännna";}', undefined],
    [
      'a:1:{s:4:"anna";O:8:"Some\\Cls":1:{s:6:"\0*\0who";s:4:"anna";}}',
      'a:1:{s:9:"Zebulonia";O:8:"Some\\Cls":1:{s:6:"\0*\0who";s:9:"Zebulonia";}}',
    ],
    ['C:1:"X":4:{anna}', 'C:1:"X":9:{Zebulonia}'],
    ["a:1:{i:0;a:2:{i:0;R:1;i:1;d:0.30000000000000004;}}", "a:1:{i:0;a:2:{i:0;R:1;i:1;d:0.30000000000000004;}}"],
    ["i:5;garbage", undefined],
    ['s:99:"anna";', undefined],
    ["a:1:{i:0;i:1;", undefined],
  ])("turns %j", (text, expected) => {
    expect(rewritten(text)).toBe(expected);
  });

  it("names the way to each string", () => {
    const paths: string[] = [];
    rewriteSerialized(Buffer.from('a:1:{s:1:"a";O:1:"X":1:{s:4:"\0X\0b";a:1:{i:7;s:1:"v";}}}'), (text, path, key) => {
      if (!key) paths.push(path.join("."));
      return text;
    });
    expect(paths).toEqual(["a.b.7"]);
  });

  it("offers numbers and truths with their way, and writes what is no whole number as a string", () => {
    const paths: string[] = [];
    const text = 'a:5:{s:1:"a";i:7;s:1:"b";d:1.5;s:1:"c";b:1;i:3;i:8;i:4;N;}';
    const out = rewriteSerialized(Buffer.from(text), same, {
      scalar: (literal, path) => {
        paths.push(`${path.join(".")}=${literal}`);
        return { a: "ä7", b: "12", c: null }[path[0] ?? ""];
      },
    })?.toString();
    expect(paths).toEqual(["a=7", "b=1.5", "c=true", "3=8"]);
    expect(out).toBe('a:5:{s:1:"a";s:3:"ä7";s:1:"b";i:12;s:1:"c";N;i:3;i:8;i:4;N;}');
  });

  it("is repaired where its lengths are wrong", () => {
    const broken = 'a:2:{s:3:"who";s:3:"anna";s:1:"x";s:50:"a "quoted" anna; here";}';
    expect(repairSerialized(Buffer.from(broken), upper).toString()).toBe(
      'a:2:{s:3:"who";s:9:"Zebulonia";s:1:"x";s:26:"a "quoted" Zebulonia; here";}',
    );
  });

  it.each(["a:1:{i:0;", 's:1:"', "a:9999999999:{", "i:1;", 'O:1:"X":1:{'])("is no way to keep a process busy: %s", (piece) => {
    const text = Buffer.from(piece.repeat(100_000));
    expect(rewriteSerialized(text, same)).toBeUndefined();
    expect(repairSerialized(text, same)).toBeDefined();
  });
});
