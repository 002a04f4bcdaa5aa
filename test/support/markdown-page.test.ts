import { describe, expect, it } from "vitest";
import { markdownPage, programsOf } from "./markdown-page.ts";

const page = markdownPage(`# Say \`what\` you [mean](other.md)
See [the plan](a/b.md#c-d "Plan"), ![a picture](x.png) and \`[no](link.md)\`, \`howdah up\`.

\`\`\`console
$ howdah status \\
    --output json
[an](answer.md)
\`\`\`
\`\`\`sh
# only a remark
howdah up ./shop     # starts it
\`\`\`
\`\`\`text
Examples:
  howdah check shop   looks at it
Usage: howdah
\`\`\`
## Twice
## Twice
`);

describe("a page of Markdown", () => {
  it("has links and pictures, but none in code", () => {
    expect(page.links.map(({ line, text }) => `${String(line)} ${text}`)).toEqual(["1 other.md", "2 a/b.md#c-d", "2 x.png"]);
  });

  it("has anchors as GitHub names them", () => {
    expect([...page.anchors]).toEqual(["say-what-you-mean", "twice", "twice-1"]);
  });

  it("has commands in blocks, with the lines that they continue on, and code in sentences", () => {
    expect(page.commands).toEqual([
      { line: 5, text: "howdah status --output json" },
      { line: 11, text: "howdah up ./shop     # starts it" },
      { line: 15, text: "howdah check shop" },
    ]);
    expect(page.words.map(({ text }) => text)).toEqual(["what", "[no](link.md)", "howdah up"]);
  });
});

describe("the programs of a command line", () => {
  it.each([
    ["a b   # remark", [["a", "b"]]],
    [`a 'b c' "d e" f\\ g`, [["a", "b c", "d e", "f g"]]],
    ["A=1 a < in 2>&1 >> out | b || c && d; e", [["A=1", "a"], ["b"], ["c"], ["d"], ["e"]]],
    ["a --set b=c#d", [["a", "--set", "b=c#d"]]],
    [`a '{"b":"c|d"}' "$E"`, [["a", '{"b":"c|d"}', "$E"]]],
  ])("%s", (line, programs) => {
    expect(programsOf(line)).toEqual(programs);
  });
});
