import fc from "fast-check";
import { expect, it } from "vitest";
import { verbatim } from "./verbatim.ts";

/** What a kubelet does (third_party/forked/golang/expansion of Kubernetes), with one variable. */
function expand(text: string): string {
  return text.replaceAll(/\$(\$|\(([^)]*)\))/g, (whole, operator: string, name: string | undefined) =>
    operator === "$" ? "$" : name === "HOME" ? "/tmp" : whole,
  );
}

it.each([
  ["plain", "plain"],
  ["5 $ each", "5 $ each"],
  ["$HOME", "$HOME"],
  ["$(HOME)", "$$(HOME)"],
  ["a$$b", "a$$$$b"],
])("writes %j as %j", (text, written) => {
  expect(verbatim(text)).toBe(written);
});

it("is read back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "(", ")", "H", "HOME", " ") }), (text) => {
      expect(expand(verbatim(text))).toBe(text);
    }),
  );
});
