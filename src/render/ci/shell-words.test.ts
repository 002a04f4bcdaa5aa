import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { shellWords } from "./shell-words.ts";

it("is read back by a shell as the same words, whatever they hold", () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from("ab '\"$`\\!*?~#&|;<>(){}[]=é-")) });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      const { stdout } = spawnSync("sh", ["-c", `printf '%s\\n' x ${shellWords(words)}`], { encoding: "utf8" });
      expect(stdout).toBe(["x", ...words].map((one) => `${one}\n`).join(""));
    }),
    { numRuns: 50 },
  );
});

it("refuses a word that would break the script's lines", () => {
  expect(() => shellWords(["a\nb"])).toThrow("script");
});
