import { describe, expect, it } from "vitest";
import { formatDiagnostics } from "./format-diagnostics.ts";
import type { PositionedDiagnostic } from "./reading/positions.ts";

const finding: PositionedDiagnostic = {
  code: "site/invalid-value",
  severity: "error",
  message: "must be at least 1",
  path: [],
  position: { line: 2, column: 13, length: 1 },
};

describe("formatDiagnostics", () => {
  it("prints place, sentence, code, line, tildes and hint", () => {
    const text = formatDiagnostics([{ ...finding, hint: "Write 1." }], { file: "site.yaml", text: "spec:\n  replicas: 0\n" });
    expect(text).toBe(
      "site.yaml:2:13 error: must be at least 1 [site/invalid-value]\n      replicas: 0\n                ~\n    hint: Write 1.",
    );
  });

  it("prints what has no place, or is about another file", () => {
    const { position: _, ...bare } = finding;
    expect(formatDiagnostics([bare], { file: "site.yaml" })).toBe("site.yaml error: must be at least 1 [site/invalid-value]");
    expect(formatDiagnostics([{ ...bare, file: ".htaccess", line: 3 }], { file: "site.yaml" })).toMatch(/^\.htaccess:3 error/);
  });

  it("lets nothing from the file act on the terminal", () => {
    const text = formatDiagnostics([{ ...finding, message: "a\u001b[2Jb", position: { line: 1, column: 1, length: 3 } }], {
      file: "a\u0007.yaml",
      text: "x\u001b]0;t\u0007\u202ey\tz",
    });
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  it("cuts long lines around the words", () => {
    const source = `${"a".repeat(200)}WORDS${"b".repeat(200)}`;
    const lines = formatDiagnostics([{ ...finding, position: { line: 1, column: 201, length: 5 } }], { file: "f", text: source }).split(
      "\n",
    );
    const [, excerpt = "", marks = ""] = lines;
    expect(excerpt.length).toBeLessThan(130);
    expect(excerpt.slice(marks.indexOf("~"), marks.lastIndexOf("~") + 1)).toBe("WORDS");
  });

  it("colours only when asked to", () => {
    expect(formatDiagnostics([finding], { file: "f", colour: true })).toContain("\u001b[31merror\u001b[0m");
  });
});
