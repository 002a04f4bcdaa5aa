import type { Path } from "../../kernel/diagnostic.ts";

/** A path for people: `spec.mounts["a/b"].size`, `spec.hostnames[0]`. Long keys are cut. */
export function fieldName(path: Path): string {
  const text = path
    .map((step) => {
      if (typeof step === "number") return `[${step}]`;
      const key = step.length > 60 ? `${step.slice(0, 57)}...` : step;
      return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

/** A value for people: what kind it is, and what it says when that is short. */
export function valueInWords(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "boolean") return `\`${value}\``;
  if (typeof value === "number") return Number.isFinite(value) ? `the number ${value}` : "a number that is too large";
  const text = typeof value === "string" ? value : typeof value;
  return text === "" ? "an empty text" : `the text \`${text.length > 60 ? `${text.slice(0, 57)}...` : text}\``;
}
