import { describe, expect, it } from "vitest";
import { splitWords } from "./words.ts";

describe("splitWords", () => {
  it.each<{ text: string; words: string[] }>([
    { text: "php bin/x --all", words: ["php", "bin/x", "--all"] },
    { text: "  a\t b  ", words: ["a", "b"] },
    { text: "a 'b c' \"d e\"", words: ["a", "b c", "d e"] },
    { text: "a b'c'\"d\"e", words: ["a", "bcde"] },
    { text: "a '' \"\"", words: ["a", "", ""] },
    { text: "a b\\ c \\$HOME \\|", words: ["a", "b c", "$HOME", "|"] },
    { text: "a '$HOME `x` | > ;'", words: ["a", "$HOME `x` | > ;"] },
    { text: 'a "\\" \\\\ \\$ \\n"', words: ["a", '" \\ $ \\n'] },
    { text: "a b#c {d,e} f=g h~", words: ["a", "b#c", "{d,e}", "f=g", "h~"] },
  ])("splits $text as a shell would", ({ text, words }) => {
    expect(splitWords(text)).toEqual({ words });
  });

  it.each<{ text: string; problem: RegExp }>([
    { text: "a | b", problem: /pipe/ },
    { text: "a && b", problem: /`&`/ },
    { text: "a; b", problem: /`;`/ },
    { text: "a > b", problem: /redirection/ },
    { text: "a < b", problem: /redirection/ },
    { text: "a $B", problem: /variable/ },
    { text: 'a "$B"', problem: /variable/ },
    { text: "a `b`", problem: /command substitution/ },
    { text: 'a "`b`"', problem: /variable/ },
    { text: "(a)", problem: /subshell/ },
    { text: "a *.php", problem: /file pattern/ },
    { text: "a\nb", problem: /line break/ },
    { text: "a # b", problem: /comment/ },
    { text: "a ~/b", problem: /`~`/ },
    { text: "A=b c", problem: /assignment `A=`/ },
    { text: "a 'b", problem: /single quote/ },
    { text: 'a "b', problem: /double quote/ },
    { text: "a \\", problem: /backslash/ },
    { text: "   ", problem: /empty/ },
  ])("refuses $text, which a shell would act on", ({ text, problem }) => {
    expect(splitWords(text)).toEqual({ problem: expect.stringMatching(problem), hint: expect.any(String) });
  });
});
